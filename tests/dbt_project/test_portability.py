"""The SQL is portable: what one dialect alone can say stands in ``macros/cross_db/``.

Texts are read as they are written, not compiled, so that what the macros there make of a call
does not count.
"""

import re
from pathlib import Path

import pytest

from tests.pipeline import ROOT

PROJECT = ROOT / "dbt_project"
CROSS_DB = PROJECT / "macros" / "cross_db"
# What Spark needs in the place of dbt's own macros.
SPARK = PROJECT / "macros" / "spark"
DIFFERENCES = sorted(CROSS_DB.glob("*.sql"))
FILES = sorted(
    path
    for folder in ("models", "analyses", "macros", "tests")
    for path in (PROJECT / folder).rglob("*.sql")
    if not {CROSS_DB, SPARK} & set(path.parents)
)

# What DuckDB understands and Spark does not.
BANNED = {
    "qualify": r"\bqualify\b",
    "a lambda": r"->|\blambda\b",
    "* exclude": r"\*\s*(exclude|replace|rename)\b",
    "a :: cast": r"::",
    "a file reader": r"\bread_(csv|parquet|json)\w*",
    "group by all": r"\b(group|order) by all\b",
    "by name": r"\bby name\b",
    "distinct on": r"\bdistinct on\b",
    "integer division": r"(?<!:)//",
    "a DuckDB join": r"\b(asof|positional|semi|anti) join\b",
    "pivot": r"\b(un)?pivot\b",
    "a DuckDB type": r"\bas\s+(varchar|text|json|hugeint|u(tiny|small|big|huge)?int\w*)\b",
    "a DuckDB date part": r"\bextract\(\s*(?!year|quarter|month|week|day|hour|minute|second)\w+",
    "from first": r"(^|\()\s*from\s+\S+\s+select\b",
}

# Functions that DuckDB and Spark both have, with one meaning.
PORTABLE_FUNCTIONS = {
    *("abs", "bit_count", "ceil", "exp", "floor", "ln", "log2", "power", "round", "sqrt"),
    *("lower", "md5", "replace", "split_part", "substr"),
    *("cast", "coalesce", "concat_ws", "extract", "greatest", "least", "nullif"),
    *("avg", "bit_or", "count", "max", "min", "percentile_disc", "stddev_samp", "sum"),
    *("dense_rank", "lead", "ntile", "percent_rank", "rank", "row_number"),
}

# What Jinja and dbt offer to templates.
TEMPLATE_FUNCTIONS = {
    *("config", "get_relation", "is_incremental", "print", "ref", "return", "run_query"),
    *("source", "var"),
    *("join", "list", "lower", "map", "range", "replace", "selectattr"),
}


def without_comments(text: str) -> str:
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", text)


def without_literals(text: str) -> str:
    """Without what stands in single quotes: data, of which no dialect knows anything."""
    return re.sub(r"'[^'\n]*'", "''", without_comments(text))


def without_template(text: str) -> str:
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", without_comments(text), flags=re.DOTALL)


def banned_tokens(text: str) -> list[str]:
    code = without_literals(text)
    return [
        name for name, pattern in BANNED.items() if re.search(pattern, code, re.IGNORECASE | re.M)
    ]


def own_macros() -> set[str]:
    """The project's macros, by which a file may call what is not portable."""
    text = "\n".join(path.read_text() for path in (PROJECT / "macros").rglob("*.sql"))
    return set(re.findall(r"\{%-? macro (\w+)\(", text))


def unknown_functions(text: str) -> list[str]:
    """Calls of functions that are neither portable nor a macro; methods are Jinja's affair."""
    defined = set(re.findall(r"\{%-? (?:macro|test) (\w+)\(", text))
    called = set(re.findall(r"(?<![.\w])([a-z_]\w*)\(", without_literals(text), re.IGNORECASE))
    return sorted(called - PORTABLE_FUNCTIONS - TEMPLATE_FUNCTIONS - own_macros() - defined)


def quoted_identifiers(text: str) -> list[str]:
    """Spark reads double quotes as a text, not as a name."""
    return re.findall(r'"[^"\n]*"', without_template(text))


def broken_difference(path: Path, text: str) -> list[str]:
    """What keeps a file of ``cross_db`` from being one difference, told for both engines."""
    name = path.stem
    expected = [name, f"default__{name}", f"spark__{name}"]
    found = re.findall(r"\{%-? macro (\w+)\(", text)
    problems = [] if found == expected else [f"defines {found}, not {expected}"]
    if f'adapter.dispatch("{name}")' not in text:
        problems.append("dispatches nothing")
    if not text.startswith("{#-"):
        problems.append("does not say what it returns")
    return problems


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_says_only_what_both_engines_understand(path: Path) -> None:
    text = path.read_text()

    assert banned_tokens(text) == []
    assert unknown_functions(text) == []
    assert quoted_identifiers(text) == []


@pytest.mark.parametrize("path", DIFFERENCES, ids=name_of)
def test_a_file_of_cross_db_is_one_difference(path: Path) -> None:
    assert broken_difference(path, path.read_text()) == []


def test_every_difference_is_used() -> None:
    code = "\n".join(path.read_text() for path in FILES)

    assert [path.stem for path in DIFFERENCES if f"{path.stem}(" not in code] == []


@pytest.mark.parametrize(
    ("sql", "token"),
    [
        ("select a from b qualify row_number() over (order by a) = 1", "qualify"),
        ("select list_transform(a, x -> x + 1) from b", "a lambda"),
        ("select list_filter(a, lambda x: x > 1) from b", "a lambda"),
        ("select * exclude (a) from b", "* exclude"),
        ("select a.* replace (1 as c) from a", "* exclude"),
        ("select a::integer from b", "a :: cast"),
        ("select a from read_csv('ratings.csv')", "a file reader"),
        ("select a, count(*) from b group by all", "group by all"),
        ("select a from b union all by name select a from c", "by name"),
        ("select distinct on (a) a, b from c", "distinct on"),
        ("select a // 2 from b", "integer division"),
        ("select a from b asof join c on b.d >= c.d", "a DuckDB join"),
        ("pivot a on b using sum(c)", "pivot"),
        ("select cast(a as varchar) from b", "a DuckDB type"),
        ("select extract(isodow from a) from b", "a DuckDB date part"),
        ("from a select b", "from first"),
    ],
)
def test_a_token_of_one_dialect_is_found(sql: str, token: str) -> None:
    assert token in banned_tokens(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select a from b where c = 'x::y -> qualify'",
        "-- 100K is divided by :: and read_csv cannot say so\nselect a from b",
        "{#- no QUALIFY here -#}\nselect a from b",
        "select cast(a as {{ type }}) from {{ ref('text') }}",
        "select extract(hour from a) from b",
    ],
)
def test_a_token_in_a_text_or_comment_is_not(sql: str) -> None:
    assert banned_tokens(sql) == []


@pytest.mark.parametrize(
    ("sql", "function"),
    [
        ("select unnest(a) from b", "unnest"),
        ("select string_agg(a, ',' order by a) from b", "string_agg"),
        ("select {{ safe_divide('a', 'b') }}, date_diff('day', a, b) from c", "date_diff"),
        ('select {{ safe_divide("list_sum(a)", "b") }} from c', "list_sum"),
    ],
)
def test_a_function_of_one_dialect_is_found(sql: str, function: str) -> None:
    assert unknown_functions(sql) == [function]


def test_a_quoted_identifier_is_found() -> None:
    assert quoted_identifiers('select "a" from {{ ref("b") }}') == ['"a"']


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{#- x -#}{% macro a() %}{% endmacro %}", "defines"),
        ("{% macro a() %}{% endmacro %}", "does not say"),
        ("{#- x -#}{% macro a() %}1{% endmacro %}", "dispatches nothing"),
    ],
)
def test_a_file_that_is_no_difference_is_found(text: str, problem: str) -> None:
    assert any(line.startswith(problem) for line in broken_difference(Path("a.sql"), text))
