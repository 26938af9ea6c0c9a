"""The short form of `make torture`: each fault that takes no whole build, once or twice."""

import io
import random
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from torture.__main__ import main
from torture.faults import damage, faults
from torture.lab import BrokenError, Lab, RowsLostError, check_plain, run
from torture.trials import Result, show, torment

SHORT = [fault for fault in faults() if not fault.needs_build]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab") / "lab", random.Random(0))


@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: fault.name)
def test_a_fault_is_survived(lab: Lab, fault) -> None:
    if fault.hindrance:
        pytest.skip(fault.hindrance)
    for _ in range(max(1, fault.times // 50)):
        fault.attempt(lab)
        lab.published()


def test_the_faults_have_names_of_their_own() -> None:
    names = [fault.name for fault in faults()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("option", ["rounds", "seed"])
def test_rounds_and_seed_are_whole_numbers(capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert main([f"--{option}=x"]) == 1
    assert capsys.readouterr().err.startswith(f"{option.upper()}=x: it must be a whole number of ")


# --- What the harness is to see


def broken(lab: Lab) -> None:
    raise BrokenError("it broke")


def lossy(lab: Lab) -> None:
    raise RowsLostError("a row is gone")


def wrong(lab: Lab) -> None:
    lab.warehouse.write_bytes(lab.warehouse.read_bytes()[:20_000])


def test_what_is_not_survived_is_counted_and_does_not_hurt_the_next_trial(tmp_path: Path) -> None:
    planted = [
        replace(SHORT[0], name=attempt.__name__, attempt=attempt, times=1)
        for attempt in (broken, wrong, lossy, lambda lab: None)
    ]
    seen: list[str] = []
    results = torment(planted, tmp_path, seed=0, rounds=1, report=seen.append)
    assert [(r.tried, len(r.failures), r.rows_lost, r.wrong_states) for r in results] == [
        (1, 1, 0, 0),
        (1, 1, 0, 1),
        (1, 1, 1, 0),
        (1, 0, 0, 0),
    ]
    assert [result.is_good() for result in results] == [False, False, False, True]
    assert seen == ["broken", "wrong", "lossy", "<lambda>"]


def test_what_cannot_be_tried_is_said_and_counted_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torture.faults.can_mount", lambda: False)
    disks = [fault for fault in faults() if fault.name.startswith("disk full")]
    assert [fault.name for fault in disks] == ["disk full", "disk full, build"]
    reported: list[str] = []
    results = torment(disks, tmp_path, seed=0, rounds=2, report=reported.append)
    assert [(result.not_tried, result.tried) for result in results] == [(16, 0), (6, 0)]
    assert reported == []

    screen = io.StringIO()
    show([*results, Result("fine", tried=3)], Console(file=screen, width=100))
    rows = [line.split() for line in screen.getvalue().splitlines()]
    assert rows[1:3] == [
        ["disk", "full", "16", "0", "0", "0", "0"],
        ["not", "tried:", "no", "right", "to", "mount"],
    ]
    assert rows[-1] == ["all", "22", "3", "3", "0", "0"]


def test_a_traceback_is_no_sentence() -> None:
    check_plain("There is no warehouse: `make build` makes one.")
    with pytest.raises(BrokenError, match="KeyError"):
        check_plain("Traceback (most recent call last):\n  File x\nKeyError: 1")


def test_a_command_is_waited_for_with_all_that_it_started() -> None:
    ended = run(["sh", "-c", "(sleep 0.3; echo late) & echo early"], {"PATH": "/bin:/usr/bin"})
    assert (ended.status, ended.output) == (0, "early\nlate\n")


def test_chances_are_repeated_by_the_seed(lab: Lab) -> None:
    found = []
    for _ in range(2):
        lab.mend()
        lab.generator.seed(7)
        damage(lab)
        found.append(lab.warehouse.read_bytes())
    lab.mend()
    assert found[0] == found[1] != lab.clean


def test_a_result_without_trials_is_good() -> None:
    assert Result("nothing").is_good()
