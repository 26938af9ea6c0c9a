"""Fixtures shared by all tests."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.dbt_project.compiled import Compiled, compile_project
from tests.pipeline import Pipeline, made_once

if not hasattr(sys.modules["__main__"], "__file__"):
    # Spark takes a worker of pytest-xdist for its own doctests, and ends the process; in an
    # interactive one it does not
    sys.ps1 = ">>> "

RELEASE = Path(__file__).parents[2] / "shared" / "data" / "ml-latest-small"

BEGINNING = 10_000
"""How many ratings of the sample a warehouse holds that is to be small."""


BUILDING = {"pipeline", "beginning", "release", "marked"}
"""Fixtures on which a test builds a warehouse, or waits for one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker make the sample while the others run what does without it.

    Each worker begins with an equal share of the tests, in their order, and ends with what the
    others have not come to. The first share begins with the modules that use the sample, and the
    next one with those that build warehouses of their own.
    """
    share = len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    fixtures: dict[Path, set[str]] = {}
    for item in items:
        fixtures.setdefault(item.path, set()).update(getattr(item, "fixturenames", ()))
    on_sample = [item for item in items if "sample" in fixtures[item.path]]
    others = [item for item in items if "sample" not in fixtures[item.path]]
    others.sort(key=lambda item: not BUILDING & fixtures[item.path])
    next_share = len(others) - max(0, share - len(on_sample))
    items[:] = [
        *(on_sample[:share] + others[next_share:]),
        *(others[:next_share] + on_sample[share:]),
    ]


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
def fittable(
    beginning: Pipeline, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Pipeline:
    """The same with what fits read."""

    def make(folder: Path) -> None:
        pipeline = Pipeline(folder)
        shutil.copyfile(beginning.warehouse, pipeline.warehouse)
        pipeline.make_features()

    return Pipeline(made_once(tmp_path_factory, worker_id, "fittable", make))


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pipeline:
    """MovieLens ml-latest-small with what fits read, where somebody put it beside the project."""
    if not RELEASE.is_dir():
        pytest.skip(f"ml-latest-small is not at {RELEASE}")

    def make(folder: Path) -> None:
        pipeline = Pipeline(folder)
        pipeline.make("build", DATASET=RELEASE)
        pipeline.make_features()

    return Pipeline(made_once(tmp_path_factory, worker_id, "release", make))
