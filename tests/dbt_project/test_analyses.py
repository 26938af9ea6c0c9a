"""The analyses answer: each compiles, runs on the sample, and says what its .yml promises."""

import re
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.dbt_project.compiled import Compiled
from tests.pipeline import ROOT, Pipeline

FOLDER = ROOT / "dbt_project" / "analyses"
NAMES = sorted(path.stem for path in FOLDER.glob("*.sql"))
NEED_TIMESTAMPS = {"first_ten_ratings", "genres_grown_kinder_to", "rating_times"}


@pytest.fixture(scope="module")
def promises() -> dict[str, dict]:
    documented = yaml.safe_load((FOLDER / "_analyses.yml").read_text())
    return {analysis["name"]: analysis for analysis in documented["analyses"]}


@pytest.fixture(scope="module")
def ratings(sample: Pipeline) -> pd.DataFrame:
    with sample.connect() as connection:
        ratings = connection.execute("select * from core.fct_ratings").df()
    ratings["surplus"] = ratings.rating - ratings.groupby("user_id").rating.transform("mean")
    return ratings


def answer(compiled: Compiled, pipeline: Pipeline, name: str) -> pd.DataFrame:
    with pipeline.connect() as connection:
        return connection.execute(compiled.analysis(name)["compiled_code"]).df()


def test_ten_questions_and_a_search_are_answered() -> None:
    assert len(NAMES) == 11


@pytest.mark.parametrize("name", NAMES)
def test_an_analysis_opens_with_its_question_and_how_to_read_the_answer(
    name: str, promises: dict[str, dict]
) -> None:
    lines = (FOLDER / f"{name}.sql").read_text().splitlines()

    assert lines[0] == f"-- {promises[name]['description']}"
    assert lines[0].endswith("?")
    assert any(line.startswith("-- How to read it: ") for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_an_analysis_returns_the_columns_that_it_promises(
    name: str, compiled: Compiled, sample: Pipeline, promises: dict[str, dict]
) -> None:
    result = answer(compiled, sample, name)

    assert len(result) > 0
    assert list(result.columns) == [column["name"] for column in promises[name]["columns"]]
    # A title may be missing; a measure that is null or infinite is a bug in the query.
    measures = result.select_dtypes("number")
    assert np.isfinite(measures.to_numpy(dtype=float)).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_analysis_gives_the_same_answer_twice(
    name: str, compiled: Compiled, sample: Pipeline
) -> None:
    pd.testing.assert_frame_equal(
        answer(compiled, sample, name), answer(compiled, sample, name), rtol=1e-9
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_analysis_reads_marts_only(name: str, compiled: Compiled) -> None:
    schemas = re.findall(r'from "(\w+)"\.', compiled.analysis(name)["compiled_code"])

    assert schemas
    assert set(schemas) <= {"core", "analytics", "features", "quality", "predictions"}


def test_an_analysis_that_needs_timestamps_is_empty_without_them(
    compiled: Compiled, sample: Pipeline, tmp_path: Path
) -> None:
    timeless = Pipeline(tmp_path)
    shutil.copyfile(sample.warehouse, timeless.warehouse)
    with duckdb.connect(str(timeless.warehouse)) as connection:
        connection.execute("update core.fct_ratings set rated_at = null")

    empty = {name for name in NAMES if answer(compiled, timeless, name).empty}

    assert empty == NEED_TIMESTAMPS


def test_cult_films_are_little_known_loved_and_agreed_on(
    compiled: Compiled, sample: Pipeline, ratings: pd.DataFrame
) -> None:
    movies = ratings.groupby("movie_id").rating.agg(["count", "mean", "std"]).reset_index()
    popularity = (movies["count"].rank(method="min") - 1) / (len(movies) - 1)
    # The top quarter of the scale from 0.5 to 5 begins at 3.875.
    cult = movies[(movies["count"] >= 10) & (popularity < 0.9) & (movies["mean"] >= 3.875)]
    expected = cult.sort_values(["std", "count", "movie_id"], ascending=[True, False, True])

    result = answer(compiled, sample, "cult_films")

    assert result.movie_id.tolist() == expected.movie_id.head(20).tolist()
    np.testing.assert_allclose(result.std_rating, expected["std"].head(20))
    loved = ratings.rating.ge(4).groupby(ratings.movie_id).mean() * 100
    np.testing.assert_allclose(result.loved_pct, loved.loc[result.movie_id])


def test_genres_grown_kinder_to_counts_each_user_once(
    compiled: Compiled, sample: Pipeline, ratings: pd.DataFrame
) -> None:
    with sample.connect() as connection:
        genres = connection.execute("select * from core.bridge_movie_genres").df()
    times = ratings.rated_at.sort_values(ascending=False, ignore_index=True)
    later_from = times[int(np.ceil(0.5 * len(times))) - 1]
    rows = ratings.assign(is_later=ratings.rated_at >= later_from).merge(genres, on="movie_id")
    surplus = rows[rows.genre != "None"].groupby(["genre", "is_later", "user_id"]).surplus
    users = surplus.agg(["count", "mean"]).query("count >= 5")["mean"]
    halves = users.groupby(["genre", "is_later"]).agg(["count", "mean", "sem"]).unstack()
    halves = halves[halves["count"].to_numpy().min(axis=1) >= 30]

    result = answer(compiled, sample, "genres_grown_kinder_to").set_index("genre")

    assert set(result.index) == set(halves.index)
    assert result.change.is_monotonic_decreasing
    expected = halves.loc[result.index]
    assert result.later_user_count.tolist() == expected["count"][True].tolist()
    np.testing.assert_allclose(result.change, expected["mean"][True] - expected["mean"][False])
    margin = 1.96 * np.hypot(expected["sem"][True], expected["sem"][False])
    np.testing.assert_allclose(result.change_margin, margin)


def test_first_ten_ratings_compares_users_with_themselves(
    compiled: Compiled, sample: Pipeline, ratings: pd.DataFrame
) -> None:
    position = ratings.groupby("user_id").rated_at.rank(method="min")
    others = ratings.groupby("movie_id").rating.transform("mean")
    rows = ratings.assign(others=others, stage=np.where(position <= 10, "first", "rest"))
    rows = rows[rows.groupby("user_id").rating.transform("size") >= 20]
    means = rows.groupby(["user_id", "stage"])[["rating", "others"]].mean().unstack().dropna()

    result = answer(compiled, sample, "first_ten_ratings").set_index("measure")

    for measure, column in {"rating": "rating", "others_rating": "others"}.items():
        difference = means[column]["first"] - means[column]["rest"]
        assert result.user_count[measure] == len(difference)
        np.testing.assert_allclose(result.difference[measure], difference.mean())
        np.testing.assert_allclose(result.difference_margin[measure], 1.96 * difference.sem())


def test_first_ten_ratings_of_many_users_are_those_of_users_that_a_hash_draws(
    compiled: Compiled, sample: Pipeline
) -> None:
    query = compiled.analysis("first_ten_ratings")["compiled_code"]
    assert "draw <= 10000" in query
    (expected,) = sample.rows(
        "select count(*) from (from core.dim_users order by md5(user_id || ':0') limit 100)"
        " where rating_count >= 20"
    )
    with sample.connect() as connection:
        result = connection.execute(query.replace("draw <= 10000", "draw <= 100")).df()
    assert set(result.user_count) <= set(range(expected[0] - 10, expected[0] + 1))


def test_sequels_finds_the_original_of_a_numbered_title(
    compiled: Compiled, sample: Pipeline, ratings: pd.DataFrame
) -> None:
    with sample.connect() as connection:
        titles = connection.execute("select movie_id, title from core.dim_movies").df()
    rated = ratings.merge(titles, on="movie_id").pivot_table(
        index="user_id", columns="title", values="rating"
    )
    known = {
        "Godfather: Part II, The (1974)": "Godfather, The (1972)",
        "Terminator 2: Judgment Day (1991)": "Terminator, The (1984)",
        "Toy Story 2 (1999)": "Toy Story (1995)",
    }

    result = answer(compiled, sample, "sequels").set_index("sequel_title")

    for sequel, original in known.items():
        both = rated[[original, sequel]].dropna()
        assert result.original_title[sequel] == original
        assert result.user_count[sequel] == len(both)
        np.testing.assert_allclose(result.change[sequel], (both[sequel] - both[original]).mean())


def test_the_long_tail_holds_every_movie_and_rating_once(
    compiled: Compiled, sample: Pipeline
) -> None:
    (totals,) = sample.rows("select movie_count, rating_count from analytics.dataset_summary")

    result = answer(compiled, sample, "long_tail")

    assert (result.movie_count.sum(), result.rating_count.sum()) == totals
    assert result.rating_pct.sum() == pytest.approx(100)
