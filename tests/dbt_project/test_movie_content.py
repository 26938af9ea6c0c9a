"""``features.movie_content`` against pandas."""

import json

import pandas as pd
import pytest

from tests.pipeline import Pipeline, write_dataset

LEAST = 5


def expected(movies: pd.DataFrame, tags: pd.DataFrame) -> list[tuple[int, str]]:
    """A naive loop over movies as ``core`` has them."""
    found = set()
    for movie in movies.itertuples():
        for genre in movie.genres.split("|"):
            if genre.strip() not in {"", "None"}:
                found.add((movie.movie_id, f"genre: {genre.strip()}"))
        if not pd.isna(movie.release_year):
            found.add((movie.movie_id, f"decade: {str(movie.release_year)[:3]}0"))
    bearers: dict[str, set[int]] = {}
    for tag in tags.itertuples():
        bearers.setdefault(tag.tag.strip(" ").lower(), set()).add(tag.movie_id)
    for tag, bearing in bearers.items():
        if len(bearing) >= LEAST:
            found |= {(movie, f"tag: {tag}") for movie in bearing}
    return sorted(found)


def check(pipeline: Pipeline) -> pd.DataFrame:
    with pipeline.connect() as connection:
        movies = connection.sql("from core.dim_movies").df()
        tags = connection.sql("from core.fct_tags").df()
        actual = connection.sql("select movie_id, feature from features.movie_content").df()
    assert sorted(actual.itertuples(index=False, name=None)) == expected(movies, tags)
    return actual


def test_the_sample_has_genres_and_decades(sample: Pipeline) -> None:
    content = check(sample)
    assert set(content["feature"].str.split(":").str[0]) == {"genre", "decade"}


def test_a_release_has_tags_as_well(release: Pipeline) -> None:
    content = check(release)
    assert content["feature"].str.startswith("tag: ").sum() > 1000
    assert (
        content[content["feature"].str.startswith("tag: ")].groupby("feature").size() >= 5
    ).all()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Six movies, tags of which some are as many movies' as it takes, and typed in many ways."""
    pipeline = Pipeline(tmp_path_factory.mktemp("content"))
    dataset = write_dataset(
        pipeline.folder / "data",
        ratings=[
            f"{user},{movie},3.0,1200000000" for user in range(1, 12) for movie in range(1, 7)
        ],
        movies=[
            "1,First (1990),Drama|War",
            "2,Second (1999),Drama",
            "3,Third (2000),(no genres listed)",
            "4,No year,Comedy",
            "5,Neither,(no genres listed)",
            "6,Old (1909),Comedy|Comedy",
        ],
    )
    tags = [f"1,{movie},{tag},1200000000" for movie, tag in enumerate(["Noir", "noir ", "NOIR"], 1)]
    tags += [f"{user},4,noir,1200000000" for user in (1, 2)] + ["3,6, nOir,1200000000"]
    tags += [f"{user},1,twice,1200000000" for user in range(1, 8)]
    (dataset / "tags.csv").write_text("\n".join(["userId,movieId,tag,timestamp", *tags, ""]))
    pipeline.make("build", DATASET=dataset)
    return pipeline


def test_what_a_small_dataset_gives(small: Pipeline) -> None:
    content = check(small).groupby("movie_id")["feature"].agg(sorted).to_dict()

    assert content == {
        1: ["decade: 1990", "genre: Drama", "genre: War", "tag: noir"],
        2: ["decade: 1990", "genre: Drama", "tag: noir"],
        3: ["decade: 2000", "tag: noir"],
        4: ["genre: Comedy", "tag: noir"],
        6: ["decade: 1900", "genre: Comedy", "tag: noir"],
    }


def test_ratings_are_no_part_of_it(sample: Pipeline) -> None:
    """What a movie is does not depend on who rated it: no model that reads it can see a rating."""
    manifest = json.loads((sample.folder / "target" / "manifest.json").read_text())
    parents, waiting = set(), ["model.reelhouse.movie_content"]
    while waiting:
        node = waiting.pop()
        parents.add(node)
        waiting += manifest["parent_map"].get(node, [])
    assert "model.reelhouse.fct_tags" in parents
    assert not {"model.reelhouse.fct_ratings", "model.reelhouse.stg_ratings"} & parents
