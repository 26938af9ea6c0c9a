"""``features.movie_content`` against pandas."""

import re

import duckdb
import pandas as pd

from tests.dbt_project.compiled import Compiled, load
from tests.pipeline import Pipeline

LEAST = 5


def expected(movies: pd.DataFrame, tags: pd.DataFrame) -> list[tuple[int, str]]:
    """A naive loop over movies as ``core`` has them."""
    found: set[tuple[int, str]] = set()
    for movie, genres, year in zip(
        movies.movie_id, movies.genres, movies.release_year, strict=True
    ):
        for genre in genres.split("|"):
            if genre.strip() not in {"", "None"}:
                found.add((movie, f"genre: {genre.strip()}"))
        if not pd.isna(year):
            found.add((movie, f"decade: {str(year)[:3]}0"))
    bearers: dict[str, set[int]] = {}
    for movie, tag in zip(tags.movie_id, tags.tag, strict=True):
        bearers.setdefault(tag.strip(" ").lower(), set()).add(movie)
    for tag, bearing in bearers.items():
        if len(bearing) >= LEAST:
            found |= {(movie, f"tag: {tag}") for movie in bearing}
    return sorted(found)


def check(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    movies = connection.sql("from core.dim_movies").df()
    tags = connection.sql("from core.fct_tags").df()
    actual = connection.sql("select movie_id, feature from features.movie_content").df()
    assert sorted(actual.itertuples(index=False, name=None)) == expected(movies, tags)
    return actual


def test_the_sample_has_genres_and_decades(sample: Pipeline) -> None:
    with sample.connect() as connection:
        content = check(connection)
    assert set(content["feature"].str.split(":").str[0]) == {"genre", "decade"}


def test_a_release_has_tags_as_well(release: Pipeline) -> None:
    with release.connect() as connection:
        content = check(connection)
    assert content["feature"].str.startswith("tag: ").sum() > 1000
    assert (
        content[content["feature"].str.startswith("tag: ")].groupby("feature").size() >= 5
    ).all()


MOVIES = [
    (1, "First (1990)", "Drama|War"),
    (2, "Second (1999)", "Drama"),
    (3, "Third (2000)", "(no genres listed)"),
    (4, "No year", "Comedy"),
    (5, "Neither", "(no genres listed)"),
    (6, "Old (1909)", "Comedy|Comedy"),
]
# Of five movies, typed in many ways, and of one movie by seven users
TAGS = [
    *[(1, 1, "Noir"), (1, 2, "noir "), (1, 3, "NOIR"), (1, 4, "noir"), (2, 4, "noir")],
    *[(3, 6, " nOir"), *((user, 1, "twice") for user in range(1, 8))],
]


def test_what_a_small_dataset_gives(compiled: Compiled) -> None:
    with compiled.in_memory("movie_content") as connection:
        load(connection, {"movies": MOVIES, "tags": [(*tag, 1_200_000_000) for tag in TAGS]})
        content = check(connection).groupby("movie_id")["feature"].agg(sorted).to_dict()

    assert content == {
        1: ["decade: 1990", "genre: Drama", "genre: War", "tag: noir"],
        2: ["decade: 1990", "genre: Drama", "tag: noir"],
        3: ["decade: 2000", "tag: noir"],
        4: ["genre: Comedy", "tag: noir"],
        6: ["decade: 1900", "genre: Comedy", "tag: noir"],
    }


def test_ratings_are_no_part_of_it(compiled: Compiled) -> None:
    """What a movie is does not depend on who rated it: no model that reads it can see a rating."""
    # Movies and tags wait for the count of refused lines, and read nothing of it
    waited_for = "model.reelhouse.int_refused_counts"
    parents, waiting = set(), ["model.reelhouse.movie_content"]
    while waiting:
        node = waiting.pop()
        parents.add(node)
        read = set(compiled.manifest["parent_map"].get(node, [])) - {waited_for}
        assert not re.search(
            r"^(?!-- depends_on:).*int_refused_counts",
            compiled.manifest["nodes"].get(node, {}).get("compiled_code") or "",
            re.MULTILINE,
        )
        waiting += read - parents
    assert "model.reelhouse.fct_tags" in parents
    assert not {"model.reelhouse.fct_ratings", "model.reelhouse.stg_ratings"} & parents
