"""The warehouse in which models are compared: built, with all that fits read."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import measure

FITS_READ = [
    *("--select", "tag:training,+marts.features"),
    *("--exclude", "source:ml+"),
]


def prepare(dataset: str, work: Path) -> Path:
    """Build a warehouse with all that fits read; returns its file."""
    work.mkdir(parents=True, exist_ok=True)
    built, prepared = work / "peers.duckdb", work / "prepared.duckdb"
    built.unlink(missing_ok=True)
    measure("build", ["make", "build", f"DATASET={dataset}", f"WAREHOUSE={built}"])
    shutil.copy(built, prepared)
    run_dbt(prepared, work, FITS_READ)
    return prepared


def run_dbt(warehouse: Path, work: Path, selection: Sequence[str]) -> None:
    """Make models of dbt in a warehouse."""
    command = [sys.executable, "-m", "warehouse.dbt", "run", "--project-dir", "dbt_project"]
    measure(
        f"dbt run {' '.join(selection)}",
        [*command, "--profiles-dir", ".", *selection],
        REELHOUSE_CANDIDATE=str(warehouse),
        DBT_TARGET_PATH=str(work / "target"),
        DBT_LOG_PATH=str(work / "logs"),
    )
