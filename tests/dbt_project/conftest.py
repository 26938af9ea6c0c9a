"""Fixtures shared by the tests of the SQL."""

from collections.abc import Iterator

import pytest

from tests.dbt_project.compiled import Compiled
from tests.dbt_project.judging import REPLICATES, Judging


@pytest.fixture(scope="module")
def judging(compiled: Compiled) -> Iterator[Judging]:
    """The judging with so few replicates that loops over them are quick."""
    judging = Judging.of(compiled)
    judging.limit_replicates(REPLICATES)
    with judging.connection:
        yield judging
