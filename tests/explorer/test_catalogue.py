"""The schema beside the query is that of the warehouse."""

from explorer.catalogue import SCHEMAS, relations
from tests.pipeline import Pipeline


def test_every_relation_that_people_query_is_described(sample: Pipeline) -> None:
    with sample.connect() as connection:
        found = {relation.name: relation for relation in relations(connection)}
    expected = {
        f"{schema}.{name}"
        for schema, name in sample.rows(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema not in ('staging', 'intermediate', 'main')"
        )
    }
    assert set(found) == expected
    scores = found["analytics.movie_scores"]
    assert scores.meaning.startswith("One row per movie")
    assert [column.name for column in scores.columns][:2] == ["movie_id", "title"]
    assert all(column.meaning for column in scores.columns)
    assert scores.columns[0].said().startswith("bigint. ")


def test_the_answers_come_first(sample: Pipeline) -> None:
    with sample.connect() as connection:
        schemas = [relation.name.split(".")[0] for relation in relations(connection)]
    assert list(dict.fromkeys(schemas)) == list(SCHEMAS)
