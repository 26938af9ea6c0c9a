"""Marts as files: each row and column of the warehouse, and a manifest that is true."""

import hashlib
import json
from pathlib import Path

import duckdb
import pytest

from tests.pipeline import Pipeline
from warehouse.export import MANIFEST, SCHEMAS, export, main
from warehouse.tables import COMPUTED_WHEN_ASKED


@pytest.fixture(scope="module", params=["parquet", "csv"])
def exported(
    request: pytest.FixtureRequest, beginning: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("export") / request.param
    export(beginning.warehouse, request.param, folder)
    return folder


def manifest(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text("utf-8"))


def test_every_mart_is_there(exported: Path, beginning: Pipeline) -> None:
    relations = beginning.rows(
        "select table_schema || '.' || table_name from information_schema.tables"
        f" where table_schema in {SCHEMAS}"
    )
    assert sorted(file["relation"] for file in manifest(exported)["files"]) == sorted(
        relation for (relation,) in relations
    )
    assert {path.name for path in exported.iterdir()} == {
        MANIFEST,
        *(file["file"] for file in manifest(exported)["files"]),
    }


def test_files_are_what_the_manifest_says(exported: Path) -> None:
    for file in manifest(exported)["files"]:
        content = (exported / file["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            file["bytes"],
            file["sha256"],
        )


def test_rows_are_those_of_the_relations(exported: Path, beginning: Pipeline) -> None:
    for file in manifest(exported)["files"]:
        columns = ", ".join(f'"{column["name"]}"' for column in file["columns"])
        with duckdb.connect(str(beginning.warehouse), read_only=True) as connection:
            relation = f"(select {columns} from {file['relation']})"
            if manifest(exported)["format"] == "csv":
                types = {column["name"]: column["type"] for column in file["columns"]}
                options = f"columns = {types}, header = true, auto_detect = false"
                read = f"read_csv('{exported / file['file']}', {options}, quote = '\"')"
            else:
                read = f"'{exported / file['file']}'"
            rows = f"(select {columns} from {read})"
            for one, other in ((relation, rows), (rows, relation)):
                query = f"select count(*) from ({one} except all {other})"
                assert connection.execute(query).fetchall() == [(0,)], file["relation"]
            ((count,),) = connection.execute(f"select count(*) from {relation}").fetchall()
        assert count == file["rows"]


def test_relations_and_columns_are_described(exported: Path) -> None:
    for file in manifest(exported)["files"]:
        assert file["description"], file["relation"]
        assert all(column["description"] for column in file["columns"]), file["relation"]


def test_another_export_replaces_the_first(beginning: Pipeline, tmp_path: Path) -> None:
    export(beginning.warehouse, "csv", tmp_path / "out")
    export(beginning.warehouse, "parquet", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.csv"))
    assert manifest(tmp_path / "out")["format"] == "parquet"


@pytest.mark.parametrize("is_export", [False, True])
def test_a_folder_with_other_files_is_left_alone(
    beginning: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_export: bool,
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if is_export:
        export(beginning.warehouse, "parquet", out)
    (out / "mine.txt").write_text("mine")
    before = sorted(path.name for path in out.iterdir())
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(beginning.warehouse))
    assert main(["--out", str(out)]) == 1
    assert f"{out} holds other files, such as mine.txt: name a new folder with OUT." in (
        capsys.readouterr().err
    )
    assert sorted(path.name for path in out.iterdir()) == before


def test_what_cannot_be_written_leaves_nothing_behind(
    beginning: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.export.FORMATS", {"csv": "format no_such_format"})
    with pytest.raises(duckdb.Error):
        export(beginning.warehouse, "csv", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--format", "xls"]) == 1
    assert "FORMAT=xls: it must be parquet or csv." in capsys.readouterr().err


def test_it_says_what_was_written(
    beginning: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(beginning.warehouse))
    assert main(["--out", str(tmp_path / "out")]) == 0
    count = len(list((tmp_path / "out").glob("*.parquet")))
    assert capsys.readouterr().out.startswith(f"{count} relations, ")


def test_before_training_it_says_what_is_not_there(
    beginning: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(beginning.warehouse))
    assert main(["--format", "csv", "--out", str(tmp_path / "out")]) == 0
    assert "Nothing was trained on these data: make train" in capsys.readouterr().out


def test_views_that_are_computed_when_asked_for_are_left_out(
    fittable: Pipeline, tmp_path: Path
) -> None:
    files = export(fittable.warehouse, "parquet", tmp_path / "out")["files"]

    names = {file["relation"] for file in files}
    assert "features.rating_splits" in names
    assert not names & set(COMPUTED_WHEN_ASKED)
    with fittable.connect() as connection:
        for view in COMPUTED_WHEN_ASKED:
            assert connection.execute(f"select 1 from {view} limit 0").fetchall() == []
