"""The commands that a person types, run by tests on a warehouse of their own."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[1]

RATINGS_HEADER = "userId,movieId,rating,timestamp"
MOVIES_HEADER = "movieId,title,genres"


@dataclass(frozen=True)
class Pipeline:
    """A warehouse in a folder of its own, with dbt's artefacts beside it."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }

    def command(self, target: str, **variables: str | int | Path) -> list[str]:
        settings = [f"{name}={value}" for name, value in variables.items()]
        return ["make", "--no-print-directory", target, f"WAREHOUSE={self.warehouse}", *settings]

    def make(
        self, target: str, *, check: bool = True, **variables: str | int | Path
    ) -> subprocess.CompletedProcess[str]:
        """Run ``make target NAME=value ...``; with ``check``, a failure shows its output."""
        result = subprocess.run(
            self.command(target, **variables),
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check and result.returncode:
            raise AssertionError(f"make {target} failed:\n{result.stdout}\n{result.stderr}")
        return result

    def make_features(self) -> None:
        """Build and publish what fits read, as the first step of a training does."""
        subprocess.run(
            [
                *(sys.executable, "-m", "warehouse", "--start", "published", "--"),
                *(sys.executable, "-m", "warehouse.dbt", "run", "--project-dir", "dbt_project"),
                *("--profiles-dir", ".", "--select", "tag:training,+marts.features"),
                *("--exclude", "source:ml+"),
            ],
            cwd=ROOT,
            env=self.environment | {"REELHOUSE_WAREHOUSE": str(self.warehouse)},
            check=True,
        )

    def connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.warehouse), read_only=True)

    def rows(self, query: str) -> list[tuple]:
        with self.connect() as connection:
            return connection.execute(query).fetchall()


def is_locked(candidate: Path) -> bool:
    """Tell whether somebody holds the lock of a candidate, which is there."""
    with candidate.with_name(candidate.name + ".lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def made_once(
    factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], object]
) -> Path:
    """Fill a folder that the workers of a test run share; the first one fills it."""
    base = factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
    return folder


def write_dataset(folder: Path, ratings: list[str], movies: list[str]) -> Path:
    """Write a dataset of CSV lines, without their headers, into a new folder."""
    folder.mkdir(parents=True)
    (folder / "ratings.csv").write_text("\n".join([RATINGS_HEADER, *ratings, ""]))
    (folder / "movies.csv").write_text("\n".join([MOVIES_HEADER, *movies, ""]))
    return folder
