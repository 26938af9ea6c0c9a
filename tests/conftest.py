"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

from tests.dbt_project.compiled import Compiled, compile_project
from tests.pipeline import Pipeline, made_once

RELEASE = Path(__file__).parents[2] / "shared" / "data" / "ml-latest-small"

BEGINNING = 10_000
"""How many ratings of the sample a warehouse holds that is to be small."""


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A pipeline that has built nothing yet."""
    return Pipeline(tmp_path)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Compiled:
    """The project's SQL under its default variables, compiled once a test run."""
    return Compiled.of(made_once(tmp_path_factory, worker_id, "compiled", compile_project))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pipeline:
    """The sample, built and trained once; tests only read it."""

    def make(folder: Path) -> None:
        pipeline = Pipeline(folder)
        pipeline.make("build")
        pipeline.make("train")

    return Pipeline(made_once(tmp_path_factory, worker_id, "sample", make))


@pytest.fixture(scope="session")
def site(sample: Pipeline, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """What `make docs` makes of the sample, the report first of all."""

    def make(folder: Path) -> None:
        sample.make("docs", SITE=folder / "site")

    return made_once(tmp_path_factory, worker_id, "docs", make) / "site"


@pytest.fixture(scope="session")
def beginning(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pipeline:
    """The first ratings of the sample, built once: a real warehouse on which fits take seconds."""

    def make(folder: Path) -> None:
        Pipeline(folder).make("build", LIMIT=BEGINNING)

    return Pipeline(made_once(tmp_path_factory, worker_id, "beginning", make))


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pipeline:
    """MovieLens ml-latest-small, built once, where somebody put it beside the project."""
    if not RELEASE.is_dir():
        pytest.skip(f"ml-latest-small is not at {RELEASE}")

    def make(folder: Path) -> None:
        Pipeline(folder).make("build", DATASET=RELEASE)

    return Pipeline(made_once(tmp_path_factory, worker_id, "release", make))
