"""Fixtures shared by the tests of the SQL."""

from pathlib import Path

import pytest

from tests.dbt_project.judging import compile_judging


@pytest.fixture(scope="session")
def judging_sql(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled SQL that judges models, for :class:`tests.dbt_project.judging.Judging`."""
    return compile_judging(tmp_path_factory.mktemp("judging"))
