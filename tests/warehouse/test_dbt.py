"""dbt's status is passed on, and what it has to say is not hidden behind the bar."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from tests.pipeline import ROOT
from warehouse.dbt import main, run_dbt


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("REELHOUSE_CANDIDATE", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))


def run(*arguments: str) -> tuple[int, str]:
    output = io.StringIO()
    status = run_dbt([*arguments, "--project-dir", "dbt_project"], Console(file=output, width=80))
    return status, output.getvalue()


def test_success_counts_what_was_built_and_tested() -> None:
    status, output = run("build", "--select", "stg_rejected_lines")
    assert status == 0
    assert re.search(r"^dbt build: 1 built, \d+ tests passed$", output, re.MULTILINE)


def test_dbt_works_on_the_candidate_of_the_warehouse_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("REELHOUSE_CANDIDATE")
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(tmp_path / "x" / "y.duckdb"))
    (tmp_path / "x" / "candidate").mkdir(parents=True)
    options = [
        "--select",
        "stg_rejected_lines",
        "--exclude-resource-type",
        "test",
        "--profiles-dir",
        ".",
    ]
    monkeypatch.setattr("sys.argv", ["dbt", "build", "--project-dir", "dbt_project", *options])
    assert main() == 0
    assert (tmp_path / "x" / "candidate" / "y.duckdb").exists()


def test_a_failed_model_is_status_1_and_its_reason_is_printed() -> None:
    status, output = run("run", "--select", "dim_users")
    assert status == 1
    # What the model reads was not built
    assert "fct_ratings does not exist" in output
    assert "dbt run: 1 error" in output


def test_a_project_that_dbt_cannot_read_is_status_2_and_its_reason_is_printed_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    status, output = run("build", "--select", "+fct_ratings", "--vars", "{duplicate_policy: x}")
    assert status == 2
    assert (capfd.readouterr().out + output).count("it must be 'highest' or 'latest'") == 1


def test_a_wrong_option_is_status_2_and_named() -> None:
    status, output = run("build", "--no-such-option")
    assert status == 2
    assert "--no-such-option" in output
