"""The front door."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.pipeline import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_help_lists_every_target_with_a_purpose_in_eighty_columns() -> None:
    shown = make("help").stdout
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^([a-z]+) {2,}\S", shown, re.MULTILINE)
    assert sorted(set(targets)) == sorted(listed)
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_a_python_that_is_too_old_or_too_new_is_refused(tmp_path) -> None:
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\nexec python3 -c "import sys; sys.version_info = (3, 9)\n$2"\n')
    old.chmod(0o755)
    result = make("--always-make", "setup", f"PYTHON={old}", "BIN=/nowhere")
    assert result.returncode != 0
    assert "Reelhouse needs Python 3.11 to 3.13" in result.stderr


def test_sql_without_a_warehouse_says_what_to_do(tmp_path) -> None:
    result = make("sql", f"WAREHOUSE={tmp_path / 'none.duckdb'}")
    assert result.returncode != 0
    assert "make build" in result.stderr


def test_a_failure_ends_with_its_sentence_and_one_line_of_make(tmp_path: Path) -> None:
    warehouse = tmp_path / "a folder" / "w.duckdb"
    result = make("build", "DATASET=no where", f"WAREHOUSE={warehouse}", "-j2")
    assert result.returncode != 0
    # Make warns where a clock runs behind
    lines = [line for line in result.stderr.splitlines() if "arning: " not in line]
    reason, outcome, error = lines
    assert "no where" in reason
    assert outcome == f"Nothing was published: {warehouse} was not made."
    assert re.fullmatch(r"make(\[\d+\])?: \*\*\* \[.*\] Error 1", error)


def test_quotes_and_spaces_in_variables_reach_the_commands_as_they_are(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')
    python.chmod(0o755)
    variables = ["DATASET=it's a folder", "LIMIT=7", "VARS={duplicate_policy: 'latest'}"]
    # A stage that runs its command and prepares nothing
    shown = make("build", *variables, f"BIN={tmp_path}", "STAGE=env -u").stdout
    assert "[ingest][--dataset][it's a folder][--limit][7]" in shown
    assert "[--vars][{duplicate_policy: 'latest'}]" in shown
    shown = make("train", "MODEL=a b", "PROTOCOL=c", f"BIN={tmp_path}", "STAGE=env -u").stdout
    assert "[models_ml][--effort][quick][--model][a b][--protocol][c]" in shown
    assert "--vars" not in shown


def test_an_environment_that_is_a_link_is_left_as_it_is(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept").touch()
    (tmp_path / ".venv").symlink_to("other")
    result = make("-C", str(tmp_path), "setup", f"PYTHON={sys.executable}")
    assert "remove the link" in result.stderr
    assert result.returncode != 0
    assert [file.name for file in (tmp_path / "other").iterdir()] == ["kept"]


def test_a_commit_is_checked_as_make_lint_does() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    hooks = [hook["entry"] for hook in repository["hooks"]]
    assert hooks == make("--dry-run", "lint").stdout.splitlines()
    assert all(not hook["pass_filenames"] for hook in repository["hooks"])


def test_clean_removes_what_belongs_to_the_warehouse_and_nothing_else(tmp_path: Path) -> None:
    kept = ["a", "b.models", "candidate/other.duckdb", "a b.csv"]
    removed = ["a b.duckdb", "a b.models", "a b.states", "candidate/a b.duckdb.lock"]
    (tmp_path / "candidate").mkdir()
    for name in kept + removed:
        (tmp_path / name).touch()
    shutil.copy(ROOT / "Makefile", tmp_path)
    assert make("-C", str(tmp_path), "clean", "WAREHOUSE=a b.duckdb").returncode == 0
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {*kept, "candidate", "Makefile"}
