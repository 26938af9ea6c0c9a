"""The front door."""

import re
import subprocess

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
