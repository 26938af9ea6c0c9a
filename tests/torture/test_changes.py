"""A build of what changed gives what a build of everything gives, relation by relation."""

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from torture.changes import lives, same_content_by_changes
from torture.lab import BrokenError, Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "lab", random.Random(0))


def test_builds_of_changes_lead_where_one_of_everything_leads(lab: Lab) -> None:
    same_content_by_changes(lab, last_alone=True)


def test_a_difference_is_found_after_the_state_that_brings_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    differing = "core.fct_ratings: 1 rows are only in the first, 0 only in the second"
    found = iter([["gates.comparison: not in both"], [differing]])
    built: list[Sequence[str]] = []
    monkeypatch.setattr("torture.changes.differences", lambda *paths: next(found))
    monkeypatch.setattr(Lab, "succeed", lambda lab, command: built.append(command))
    with pytest.raises(BrokenError, match=f"state 2 differs from a build anew: {differing}"):
        same_content_by_changes(lab)
    assert len(built) == 4


def test_each_state_of_a_life_differs_from_the_one_before() -> None:
    states = lives(random.Random(0))
    assert all(one != other for one, other in pairwise(states))
    assert lives(random.Random(0)) == states
