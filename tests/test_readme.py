"""What the README shows is what a reader gets."""

import re
import subprocess

import pytest

from models_ml.registry import RECIPES
from tests.pipeline import ROOT, Pipeline

README = (ROOT / "README.md").read_text(encoding="utf-8")

QUERIES = re.findall(r"```sql\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


def test_there_are_five_queries_each_with_its_output() -> None:
    assert len(QUERIES) == 5 == README.count("```sql")


@pytest.mark.parametrize(("query", "output"), QUERIES)
def test_a_query_gives_the_output_that_stands_below_it(
    sample: Pipeline, query: str, output: str
) -> None:
    shown = subprocess.run(
        [ROOT / ".venv/bin/duckdb", "-readonly", "-markdown", sample.warehouse, query],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == output


def test_every_published_relation_is_in_its_table(sample: Pipeline) -> None:
    documented = set(
        re.findall(
            r"`((?:raw|core|quality|analytics|features|gates|published|ml|predictions)\.\w+)`",
            README,
        )
    )
    published = {
        f"{schema}.{name}"
        for schema, name in sample.rows(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema not in ('staging', 'intermediate', 'main')"
        )
    }
    assert documented == published


def test_each_model_is_recommended_for_something() -> None:
    _, _, section = README.partition("\n## Which model for what\n")
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+) \|", section.partition("\n## ")[0], re.MULTILINE)

    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == {recipe.name for recipe in RECIPES}


def test_its_make_targets_and_variables_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|^ {4})make ([a-z]+)\b", README, re.MULTILINE):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target
    for variable in re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", README, re.MULTILINE):
        for name in re.findall("[A-Z_]+", variable):
            assert re.search(rf"^{name} \?=", makefile, re.MULTILINE), name
