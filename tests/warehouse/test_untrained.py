"""What training makes reads as empty where nothing was trained, and nothing else does."""

from pathlib import Path

import duckdb
import pytest

from tests.pipeline import Pipeline
from warehouse.published import read_published, stamp
from warehouse.untrained import TRAINED, mart_columns

COLUMNS = (
    "select table_name, list(column_name || ' ' || data_type order by column_index)"
    " from duckdb_columns() where {} group by table_name order by table_name"
)


def published(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in ("create schema core", *statements):
            connection.execute(statement)
        stamp(connection, path.stem)
    return path


def test_relations_of_training_are_empty(tmp_path: Path) -> None:
    path = published(tmp_path / "w.duckdb", "create table core.dim_users as select 1 as user_id")
    # Readers of a process share what stands in
    with read_published(path) as first, read_published(path) as second:
        for connection in (first, second):
            assert not connection.execute("from predictions.current_recommendations").fetchall()
            assert not connection.execute("from features.rating_splits").fetchall()
            assert connection.execute("from core.dim_users").fetchall() == [(1,)]


def test_a_relation_that_a_build_makes_is_missed(tmp_path: Path) -> None:
    with (
        read_published(published(tmp_path / "w.duckdb")) as connection,
        pytest.raises(duckdb.CatalogException, match="dim_users"),
    ):
        connection.execute("from core.dim_users")


def test_a_relation_of_training_is_missed_where_others_are_there(tmp_path: Path) -> None:
    path = published(
        tmp_path / "w.duckdb",
        "create schema predictions",
        "create table predictions.metrics as select 1 as metric",
    )
    with read_published(path) as connection:
        assert connection.execute("from predictions.metrics").fetchall() == [(1,)]
        with pytest.raises(duckdb.CatalogException, match="current_runs"):
            connection.execute("from predictions.current_runs")


@pytest.mark.parametrize("schema", TRAINED)
def test_the_stand_ins_have_the_columns_of_the_relations(
    sample: Pipeline, tmp_path: Path, schema: str
) -> None:
    made = sample.rows(COLUMNS.format(f"schema_name = '{schema}'"))
    assert {name for name, _ in made} == set(mart_columns(schema))
    with read_published(published(tmp_path / "w.duckdb")) as connection:
        stand_ins = connection.execute(COLUMNS.format(f"database_name = '{schema}'")).fetchall()
    assert stand_ins == made
