"""dbt's status is passed on, and what it has to say is not hidden behind the bar."""

import io
import re
import sys
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from tests.pipeline import ROOT
from warehouse import dbt
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


def build_after(*command: str) -> list[str]:
    model = ["--select", "stg_rejected_lines", "--exclude-resource-type", "test"]
    project = ["--project-dir", "dbt_project", "--profiles-dir", "."]
    return ["dbt", "build", *project, *model, "--after", *command]


def test_dbt_builds_after_a_command_has_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    create = (
        "import duckdb, sys, time; time.sleep(1); c = duckdb.connect(sys.argv[1]);"
        "c.execute('create schema staging; create table staging.before as select 1')"
    )
    candidate = tmp_path / "w.duckdb"
    command = [sys.executable, "-c", create, str(candidate)]
    monkeypatch.setattr("sys.argv", build_after(*command))
    assert main() == 0
    with duckdb.connect(str(candidate)) as connection:
        assert connection.execute("from staging.before").fetchall() == [(1,)]
        assert connection.execute("from staging.stg_rejected_lines").fetchall() == []


def test_after_a_command_that_fails_dbt_builds_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", build_after("sh", "-c", "exit 75"))
    assert main() == 75
    assert not (tmp_path / "w.duckdb").exists()


class TestParsing:
    """With a project of one model, whose parsing takes a second."""

    @pytest.fixture(autouse=True)
    def kept(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "one.sql").write_text("select {{ var('x', 1) }} as x")
        (tmp_path / "dbt_project.yml").write_text("{name: toy, version: '1.0', profile: reelhouse}")
        monkeypatch.setattr(dbt, "PARSED", tmp_path / "parsed")
        return tmp_path / "parsed"

    def parses(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> bool:
        """Build in a database of its own, and tell whether dbt parsed the project."""
        folder.mkdir()
        monkeypatch.setenv("REELHOUSE_CANDIDATE", str(folder / "w.duckdb"))
        monkeypatch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        project = ["--project-dir", str(folder.parent), "--profiles-dir", str(ROOT)]
        output = io.StringIO()
        status = run_dbt(["run", *project, *options], Console(file=output))
        assert status == 0, output.getvalue()
        return (folder / "target" / "partial_parse.msgpack").exists()

    def test_the_project_is_parsed_once_for_databases_of_one_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.parses(tmp_path / "a", monkeypatch)
        monkeypatch.setenv("REELHOUSE_MEMORY_LIMIT", "1GB")
        assert not self.parses(tmp_path / "b", monkeypatch)
        (tmp_path / "models" / "one.sql").write_text("select 3 as x")
        assert self.parses(tmp_path / "c", monkeypatch)
        with duckdb.connect(str(tmp_path / "c" / "w.duckdb")) as connection:
            assert connection.execute("from one").fetchall() == [(3,)]

    def test_a_kept_file_of_other_variables_is_not_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Path
    ) -> None:
        assert self.parses(tmp_path / "a", monkeypatch)
        (file,) = kept.iterdir()
        monkeypatch.setattr(dbt, "_parsed", lambda arguments: file)
        assert self.parses(tmp_path / "b", monkeypatch, "--vars", "{x: 7}")

    def test_so_many_files_are_kept_and_no_more(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Path
    ) -> None:
        kept.mkdir()
        for number in range(dbt.KEPT):
            (kept / f"{number}.msgpack").touch()
        assert self.parses(tmp_path / "a", monkeypatch)
        assert len(list(kept.iterdir())) == dbt.KEPT


def test_the_project_reads_nothing_of_the_connection_that_a_kept_file_leaves_out() -> None:
    files = [file for file in (ROOT / "dbt_project").rglob("*.[sy][qm]l") if file.is_file()]
    templates = "".join(file.read_text(encoding="utf-8") for file in files)
    told = re.compile(r"""env_var|(?<![\w"'])target\.(?!schema|name|type)""")
    for template in re.findall(r"{{.*?}}|{%.*?%}", templates, re.DOTALL):
        assert not told.search(template), template
