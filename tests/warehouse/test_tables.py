"""The source tables are defined in one place, which dbt and Python read alike."""

import duckdb
import pytest

from tests.pipeline import Pipeline
from warehouse.tables import create_tables, source_columns


def columns(connection: duckdb.DuckDBPyConnection, schema: str) -> set[tuple[str, str, str]]:
    return set(
        connection.execute(
            "select table_name, column_name, lower(data_type) from duckdb_columns()"
            " where schema_name = ?",
            [schema],
        ).fetchall()
    )


@pytest.mark.parametrize("source", ["raw", "ml"])
def test_python_and_dbt_make_the_same_tables(sample: Pipeline, source: str) -> None:
    """Ingest makes ``raw`` in Python; a build makes ``ml`` in dbt."""
    with duckdb.connect() as connection, sample.connect() as warehouse:
        create_tables(connection, source)
        made = columns(connection, source)
        assert made == columns(warehouse, source)
    assert {table for table, _, _ in made} == set(source_columns(source))


def test_tables_that_exist_keep_their_rows() -> None:
    with duckdb.connect() as connection:
        create_tables(connection, "ml")
        connection.execute("insert into ml.runs (run_id) values ('r')")
        create_tables(connection, "ml")
        assert connection.execute("select run_id from ml.runs").fetchall() == [("r",)]


def test_a_published_file_says_what_source_tables_and_columns_mean(beginning: Pipeline) -> None:
    tables = beginning.rows(
        "select schema_name, table_name, comment from duckdb_tables()"
        " where schema_name in ('raw', 'ml', 'published')"
        " or table_name in ('gate_results', 'test_results')"
    )
    assert len(tables) > 15
    assert [table for table in tables if not table[2]] == []
    columns = beginning.rows(
        "select table_name, column_name, comment from duckdb_columns()"
        " where schema_name in ('raw', 'ml', 'published')"
        " or table_name in ('gate_results', 'test_results')"
    )
    assert [column for column in columns if not column[2] or "doc(" in column[2]] == []
    assert ("rating_predictions", "user_id", "The user's id as the files have it.") in columns
