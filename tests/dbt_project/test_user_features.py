"""``features.user_features`` against pandas, and what of the ratings it can see."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.dbt_project.compiled import Compiled, load
from tests.pipeline import ROOT, Pipeline

SHRINKAGE = 5

GENRES = (
    *("action", "adventure", "animation", "children", "comedy", "crime", "documentary", "drama"),
    *("fantasy", "film_noir", "horror", "imax", "musical", "mystery", "romance", "sci_fi"),
    *("thriller", "war", "western"),
)
NAMES = {"film_noir": "Film-Noir", "sci_fi": "Sci-Fi", "imax": "IMAX"}


def features_of(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.sql("from features.user_features order by user_id").df()


@pytest.fixture(scope="module")
def actual(sample: Pipeline) -> pd.DataFrame:
    with sample.connect() as connection:
        return features_of(connection)


@pytest.fixture(scope="module")
def training(sample: Pipeline) -> pd.DataFrame:
    """The training rows with what the sample's own file says of their movies."""
    with sample.connect() as connection:
        splits = connection.sql(
            "select user_id, movie_id, rating, rated_at from features.rating_splits"
            " where random_split = 'train' order by user_id, movie_id"
        ).df()
    movies = pd.read_csv(ROOT / "data" / "sample" / "movies.csv")
    movies["genres"] = movies["genres"].fillna("").str.split("|").map(set)
    movies["year"] = movies["title"].str.extract(r"\((\d{4})\)\s*$")[0].astype(float)
    return splits.merge(movies, left_on="movie_id", right_on="movieId")


def users_of(rows: pd.DataFrame) -> pd.DataFrame:
    """A naive loop: one user after another, one movie after another."""
    counts = rows["movie_id"].value_counts()
    obscurity = {
        movie: 100 * (counts[counts > count].sum() + counts[counts == count].sum() / 2) / len(rows)
        for movie, count in counts.items()
    }
    mean_year = rows["year"].mean()
    found = []
    for user, ratings in rows.groupby("user_id"):
        mean = ratings["rating"].mean()
        deviations = ratings["rating"].to_numpy() - mean
        years = ratings["year"].to_numpy()

        def affinity(chosen: np.ndarray, deviations: np.ndarray = deviations) -> float:
            return float(deviations[chosen].sum() / (chosen.sum() + SHRINKAGE))

        days = sorted({time.date() for time in ratings["rated_at"]})
        row = {
            "user_id": user,
            "rating_count": len(ratings),
            "mean_rating": mean,
            "std_rating": ratings["rating"].std(),
            "half_star_pct": 100 * np.mean([value % 1 == 0.5 for value in ratings["rating"]]),
            "mean_release_year": ratings["year"].mean(),
            "span_days": (days[-1] - days[0]).days,
            "active_days": len(days),
            "ratings_per_active_day": len(ratings) / len(days),
            "mean_obscurity_pct": np.mean([obscurity[movie] for movie in ratings["movie_id"]]),
            "old_affinity": affinity(years < mean_year) - affinity(years >= mean_year),
        }
        for column in GENRES:
            genre = NAMES.get(column, column.capitalize())
            is_genre = np.array([genre in genres for genres in ratings["genres"]])
            row[f"{column}_affinity"] = affinity(is_genre)
            row[f"{column}_pct"] = 100 * is_genre.mean()
        found.append(row)
    return pd.DataFrame(found)


def test_features_are_those_of_a_naive_loop(actual: pd.DataFrame, training: pd.DataFrame) -> None:
    expected = users_of(training)

    pd.testing.assert_frame_equal(
        actual[list(expected)], expected, check_dtype=False, rtol=1e-9, atol=1e-9
    )


def test_the_mean_obscurity_of_all_training_rows_is_half(actual: pd.DataFrame) -> None:
    weighted = np.average(actual["mean_obscurity_pct"], weights=actual["rating_count"])

    assert weighted == pytest.approx(50)


def test_each_known_genre_has_an_affinity_and_a_share(
    actual: pd.DataFrame, sample: Pipeline
) -> None:
    with sample.connect() as connection:
        flags = connection.sql("from analytics.movie_genre_flags limit 0").columns
    genres = [column for column in flags if column not in ("movie_id", "none", "other")]

    assert tuple(genres) == GENRES
    features = {f"{genre}_{kind}" for genre in genres for kind in ("affinity", "pct")}
    assert features <= set(actual.columns)


def small_dataset() -> dict[str, list[tuple]]:
    """12 users of whom six rate one movie each, 10 movies, times over a year."""
    generator = np.random.default_rng(3)
    ratings = [
        (user, movie, float(generator.integers(1, 11)) / 2, 978_300_000 + 86_400 * day)
        for user in range(1, 13)
        for movie in range(1, 11)
        if user > 6 or movie == user
        for day in [int(generator.integers(365))]
    ]
    movies = [
        (movie, f"Film {movie} ({1950 + 7 * movie})", "Drama|Sci-Fi") for movie in range(1, 11)
    ]
    return {"ratings": ratings, "movies": movies}


def test_validation_and_test_rows_leave_no_trace(compiled: Compiled) -> None:
    """Whatever the others hold, users' features stay; one with no training row is not lost."""
    dataset = small_dataset()
    with compiled.in_memory("user_features") as connection:
        load(connection, dataset)
        before = features_of(connection)
        others = connection.execute(
            "select user_id, movie_id from features.rating_splits where random_split != 'train'"
        ).fetchall()
        changed = [
            (user, movie, 5.5 - rating, time + 40_000_000)
            if (user, movie) in others
            else (user, movie, rating, time)
            for user, movie, rating, time in dataset["ratings"]
        ]
        load(connection, {**dataset, "ratings": changed})
        after = features_of(connection)

    assert others
    assert changed != dataset["ratings"]
    assert list(before["user_id"]) == list(range(1, 13))
    assert 0 in set(before["rating_count"])
    pd.testing.assert_frame_equal(after, before, rtol=1e-12, atol=1e-12)
