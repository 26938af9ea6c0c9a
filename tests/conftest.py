"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

from tests.pipeline import Pipeline

RELEASE = Path(__file__).parents[2] / "shared" / "data" / "ml-latest-small"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A pipeline that has built nothing yet."""
    return Pipeline(tmp_path)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The sample, built and trained once; tests only read it."""
    pipeline = Pipeline(tmp_path_factory.mktemp("sample"))
    pipeline.make("build")
    pipeline.make("train")
    return pipeline


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """MovieLens ml-latest-small, built once, where somebody put it beside the project."""
    if not RELEASE.is_dir():
        pytest.skip(f"ml-latest-small is not at {RELEASE}")
    pipeline = Pipeline(tmp_path_factory.mktemp("release"))
    pipeline.make("build", DATASET=RELEASE)
    return pipeline
