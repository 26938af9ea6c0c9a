"""Nothing but one query gets through, and a query reaches nothing but the warehouse."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from explorer.query import QueryError, answer
from explorer.query_process import check, place, run, sentence
from warehouse.errors import UserError
from warehouse.published import read_published

OTHER_STATEMENTS = [
    "copy (select 1) to '{folder}/out.csv'",
    "copy core.numbers from '{folder}/secret.csv'",
    "attach '{folder}/other.duckdb'",
    "detach w",
    "use core",
    "install json",
    "load json",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset memory_limit",
    "pragma database_list",
    "pragma enable_profiling",
    "export database '{folder}/out'",
    "import database '{folder}/out'",
    "create table t (x int)",
    "create temp table t (x int)",
    "create secret s (type s3)",
    "create macro m() as 1",
    "insert into core.numbers values (1, 'x')",
    "update core.numbers set n = 1",
    "delete from core.numbers",
    "truncate core.numbers",
    "drop table core.numbers",
    "alter table core.numbers add column z int",
    "merge into core.numbers using core.numbers as s on true when matched then delete",
    "with x as (select 1) insert into core.numbers select 1, 'x' from x",
    "checkpoint",
    "vacuum",
    "call pragma_version()",
    "prepare q as select 1",
    "execute q",
    "begin",
    "explain analyze select 1",
    "explain copy (select 1) to '{folder}/out.csv'",
    "set variable x = 1",
    "comment on table core.numbers is 'x'",
]

OUTSIDE = [
    "select * from read_csv('{folder}/secret.csv')",
    "select * from read_text('{folder}/secret.csv')",
    "select * from read_blob('{folder}/secret.csv')",
    "select * from read_json('{folder}/secret.csv')",
    "select * from read_parquet('{folder}/secret.csv')",
    "select * from parquet_metadata('{folder}/secret.csv')",
    "select * from sniff_csv('{folder}/secret.csv')",
    "select * from read_duckdb('{folder}/w.duckdb')",
    "from '{folder}/secret.csv'",
    'from "{folder}/secret.csv"',
    "from 'https://example.com/a.csv'",
    "from 's3://bucket/a.parquet'",
    "select * from glob('{folder}/*')",
    "select (select content from read_text('{folder}/secret.csv'))",
    "select 1 where exists (from glob('/*'))",
    "with t as (from read_text('{folder}/secret.csv')) from t",
    "select * from core.numbers, lateral (select * from read_text(t))",
    "describe from read_csv('{folder}/secret.csv')",
    "summarize from read_csv('{folder}/secret.csv')",
    "select * from (describe from read_csv('{folder}/secret.csv'))",
    "from query('from read_text(''{folder}/secret.csv'')')",
    "from query_table('core.numbers')",
    "from enable_logging(storage = 'file', storage_path = '{folder}/log')",
    "from arrow_scan(1, 2, 3)",
    "from pandas_scan(1)",
    "from duckdb_secrets()",
    "from which_secret('a', 's3')",
    "from duckdb_extensions()",
    "select getenv('HOME')",
    "from sqlite_scan('{folder}/w.duckdb', 't')",
    "from force_checkpoint()",
    "pivot core.numbers on t using count(*)",
]


@pytest.fixture
def connection(plain_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_published(plain_file, may_spill=False) as opened:
        yield opened


@pytest.mark.parametrize("statement", OTHER_STATEMENTS)
def test_another_statement_than_a_query_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, statement: str
) -> None:
    with pytest.raises((UserError, duckdb.ParserException, duckdb.PermissionException)):
        check(connection, statement.format(folder=tmp_path))


@pytest.mark.parametrize("query", OUTSIDE)
def test_a_query_reaches_nothing_outside(
    connection: duckdb.DuckDBPyConnection, plain_file: Path, query: str
) -> None:
    folder = plain_file.parent
    before = sorted(folder.iterdir())
    with pytest.raises((UserError, duckdb.Error)):
        run(connection, query.format(folder=folder))
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("query", ["from read_text('{file}')", "import database '{folder}'"])
def test_neither_does_the_process_that_runs_it(plain_file: Path, query: str) -> None:
    folder = plain_file.parent
    (folder / "schema.sql").write_text("select 'secret'")
    (folder / "load.sql").write_text("select 'secret'")
    with pytest.raises(QueryError) as raised:
        answer(plain_file, query.format(folder=folder, file=folder / "schema.sql"))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "query",
    [query for query in OUTSIDE if "secret.csv" in query and "query(" not in query],
)
def test_duckdb_itself_refuses_files(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    folder = Path(
        connection.execute("select path from duckdb_databases() where path is not null").fetchall()[
            0
        ][0]
    ).parent
    with pytest.raises(duckdb.Error):
        connection.execute(query.format(folder=folder)).fetchall()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "There is no query to run"),
        ("-- a remark", "There is no query to run"),
        ("select 1; select 2", "These are 2 queries"),
        ("select 1; drop table core.numbers", "Only one query runs here"),
        ("set threads = 1", "Only one query runs here"),
        ("from glob('*')", "The function glob is not to be had"),
        ("from Read_CSV('x')", "The function read_csv is not to be had"),
    ],
)
def test_what_is_refused_is_said(
    connection: duckdb.DuckDBPyConnection, query: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        check(connection, query)


@pytest.mark.parametrize(
    "query",
    [
        "select 1;",
        "from core.numbers",
        "table core.numbers",
        "values (1), (2)",
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 9) from t",
        "describe core.numbers",
        "summarize core.numbers",
        "show all tables",
        "select * from range(3), unnest([1, 2])",
        "from duckdb_columns()",
        "unpivot core.numbers on n",
        "select ';' -- ; select 2",
    ],
)
def test_queries_of_all_kinds_run(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    check(connection, query)
    assert connection.execute(query).fetchall()


@pytest.mark.parametrize(
    ("query", "said", "shown"),
    [
        ("selct 1", 'The query cannot be read: syntax error at or near "selct".', "LINE 1: selct"),
        ("from nowhere", "The query names what is not there: Table with name nowhere", "LINE 1"),
        ("select x from core.numbers", "The query does not fit the relations: Referenced", "LINE"),
        ("select 'a'::int", "A value is not of the type that is asked for: Could not", "LINE"),
        ("from 'a.csv'", "A query reaches nothing but the warehouse: Cannot access", ""),
        ("select error('no')", "The query failed: no.", ""),
    ],
)
def test_an_error_is_a_sentence(
    connection: duckdb.DuckDBPyConnection, query: str, said: str, shown: str
) -> None:
    with pytest.raises(duckdb.Error) as raised:
        connection.execute(query).fetchall()
    text = sentence(raised.value)
    assert text.startswith(said)
    assert "\n" not in text
    assert text[-1] in ".?"
    assert place(raised.value).startswith(shown)
