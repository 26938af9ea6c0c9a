"""Fixtures shared by the tests of the SQL."""

import pytest

from tests.dbt_project.compiled import Compiled, compile_project
from tests.pipeline import made_once


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Compiled:
    """The project's SQL under its default variables, compiled once a test run."""
    return Compiled.of(made_once(tmp_path_factory, worker_id, "compiled", compile_project))
