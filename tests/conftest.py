"""Fixtures shared by all tests."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline import Pipeline

RELEASE = Path(__file__).parents[2] / "shared" / "data" / "ml-latest-small"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A pipeline that has built nothing yet."""
    return Pipeline(tmp_path)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pipeline:
    """The sample, built and trained once; tests only read it."""

    def make(pipeline: Pipeline) -> None:
        pipeline.make("build")
        pipeline.make("train")

    return _made_once(tmp_path_factory, worker_id, "sample", make)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pipeline:
    """MovieLens ml-latest-small, built once, where somebody put it beside the project."""
    if not RELEASE.is_dir():
        pytest.skip(f"ml-latest-small is not at {RELEASE}")
    return _made_once(
        tmp_path_factory,
        worker_id,
        "release",
        lambda pipeline: pipeline.make("build", DATASET=RELEASE),
    )


def _made_once(
    factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Pipeline], object]
) -> Pipeline:
    """Make a pipeline in a folder that the workers of a test run share; the first one makes it."""
    base = factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pipeline = Pipeline(folder)
        if not (folder / "made").exists():
            make(pipeline)
            (folder / "made").touch()
    return pipeline
