"""dbt's unit tests pass on Spark, as they do on DuckDB, where `test_quality.py` builds all."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from tests.pipeline import ROOT, Pipeline
from tests.spark import needs_spark

QUICK = {
    # A catalogue in memory, which ends with the command
    "spark.sql.catalogImplementation": "in-memory",
    # To compile a query takes longer than to interpret it for a few rows
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""What makes Spark quicker where there are a few rows; it changes no result."""


def write_quick_profile(folder: Path) -> None:
    """Write the project's profile, with Spark's settings for queries of a few rows."""
    profile = yaml.safe_load((ROOT / "profiles.yml").read_text("utf-8"))
    profile["reelhouse"]["outputs"]["spark"]["server_side_parameters"] |= QUICK
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile))


@needs_spark
def test_every_unit_test_passes_on_spark(tmp_path: Path) -> None:
    """What `dbt build` does in a fresh clone: a model's tests run before it is made, empty."""
    write_quick_profile(tmp_path)
    result = subprocess.run(
        [
            *(Path(sys.executable).with_name("dbt"), "build", "--project-dir", "dbt_project"),
            *("--profiles-dir", str(tmp_path), "--target", "spark", "--threads", "2"),
            *("--exclude-resource-type", "test"),
        ],
        cwd=ROOT,
        env=Pipeline(tmp_path).environment
        | {
            "REELHOUSE_CANDIDATE": str(tmp_path / "warehouse.duckdb"),
            "REELHOUSE_LAKE": str(tmp_path / "lake"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    passed = {each["unique_id"] for each in results if each["status"] == "pass"}
    assert manifest["unit_tests"].keys() == passed
