"""Fixtures shared by the tests of the SQL."""

from collections.abc import Iterator

import pytest

from tests.dbt_project.compiled import Compiled, compile_project
from tests.dbt_project.judging import REPLICATES, Judging
from tests.pipeline import made_once


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Compiled:
    """The project's SQL under its default variables, compiled once a test run."""
    return Compiled.of(made_once(tmp_path_factory, worker_id, "compiled", compile_project))


@pytest.fixture(scope="module")
def judging(compiled: Compiled) -> Iterator[Judging]:
    """The judging with so few replicates that loops over them are quick."""
    judging = Judging.of(compiled)
    judging.limit_replicates(REPLICATES)
    with judging.connection:
        yield judging
