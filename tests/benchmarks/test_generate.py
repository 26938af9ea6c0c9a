"""The generator keeps its promises, checked with pandas on the files that it writes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.generate import GENRES, Plan, World, best_prediction, generate, main, plant
from warehouse.errors import UserError

PLAN = Plan(ratings=60_000, seed=7)


@dataclasses.dataclass(frozen=True)
class Written:
    folder: Path
    ratings: pd.DataFrame
    movies: pd.DataFrame
    truth: dict[str, Any]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("planted")
    generate(PLAN, folder)
    return Written(
        folder,
        pd.read_csv(folder / "ratings.csv"),
        pd.read_csv(folder / "movies.csv"),
        json.loads((folder / "truth.json").read_text()),
    )


@pytest.fixture(scope="module")
def world() -> World:
    return plant(PLAN)


@pytest.fixture(scope="module")
def signal(written: Written, world: World) -> np.ndarray:
    """The noiseless score of each written row, from the formula of the generator's docstring."""
    ratings, users, movies = written.ratings, world.users, world.movies
    u = ratings.userId.to_numpy() - 1
    m = np.searchsorted(movies.movie_id, ratings.movieId)
    at = ratings.timestamp.to_numpy()
    year = 365.25 * 24 * 60 * 60
    middle_of_span = users.first_at[u] + users.span[u] / 2
    middle_of_history = pd.Timestamp("2010-01-01").timestamp()
    return (
        PLAN.mean
        + users.bias[u]
        + movies.bias[m]
        + (users.factors[u] * movies.factors[m]).sum(axis=1)
        + users.drift[u] * (at - middle_of_span) / year
        + movies.drift[m] * (at - middle_of_history) / year
    )


def rmse(actual: Any, predicted: Any) -> float:
    return float(np.sqrt(np.mean((np.asarray(actual) - predicted) ** 2)))


def shrunken_mean(residual: pd.Series, key: pd.Series) -> pd.Series:
    groups = residual.groupby(key)
    return groups.sum() / (groups.size() + 5)


def gini(counts: pd.Series) -> float:
    ordered = np.sort(counts.to_numpy())
    lorenz = np.cumsum(ordered) / ordered.sum()
    return float(1 - 2 * lorenz.mean() + 1 / len(ordered))


def test_same_plan_same_bytes_and_another_seed_other_ratings(
    written: Written, tmp_path: Path
) -> None:
    generate(PLAN, tmp_path / "same")
    for name in ("ratings.csv", "movies.csv", "truth.json"):
        assert (tmp_path / "same" / name).read_bytes() == (written.folder / name).read_bytes()
    generate(dataclasses.replace(PLAN, seed=8), tmp_path / "other")
    other = (tmp_path / "other" / "ratings.csv").read_bytes()
    assert other != (written.folder / "ratings.csv").read_bytes()


def test_many_chunks_keep_every_promise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.generate.CHUNK_ROWS", 3_000)
    truth = generate(PLAN, tmp_path)
    ratings = pd.read_csv(tmp_path / "ratings.csv")
    seeds = plant(PLAN).chunk_seeds
    assert len({tuple(seed.generate_state(4)) for seed in seeds}) == len(seeds) > 10
    assert len(ratings) == PLAN.ratings
    assert ratings.userId.nunique() == truth["user_count"]
    assert ratings.equals(ratings.sort_values(["userId", "movieId", "timestamp"]))
    assert not ratings.duplicated(["userId", "timestamp"]).any()


def test_ratings_have_the_form_of_movielens(written: Written) -> None:
    ratings = written.ratings
    header = (written.folder / "ratings.csv").read_text().split("\n", 1)[0]
    assert header == "userId,movieId,rating,timestamp"
    assert len(ratings) == PLAN.ratings
    assert set(ratings.rating) == set(np.arange(1, 11) / 2)
    assert list(ratings.userId.unique()) == list(range(1, PLAN.user_count + 1))
    assert ratings.equals(ratings.sort_values(["userId", "movieId", "timestamp"]))
    assert ratings.rating.mean() == pytest.approx(3.5, abs=0.1)
    assert ratings.rating.std() == pytest.approx(1.04, abs=0.07)


def test_movies_have_the_form_of_movielens(written: Written) -> None:
    movies = written.movies
    assert list(movies.columns) == ["movieId", "title", "genres"]
    assert movies.movieId.is_monotonic_increasing
    assert movies.movieId.is_unique
    assert movies.movieId.max() > 2 * len(movies)
    assert set(written.ratings.movieId) <= set(movies.movieId)
    assert movies.title.str.fullmatch(r".+ \((19|20)\d\d\)").all()
    assert movies.title.str.contains(", The (", regex=False).any()
    unlisted = movies.genres == "(no genres listed)"
    assert 0.01 < unlisted.mean() < 0.15
    assert set(movies.genres[~unlisted].str.split("|").explode()) == set(GENRES)


def test_users_and_movies_have_long_tails(written: Written) -> None:
    a_user = written.ratings.groupby("userId").size()
    assert a_user.min() >= 20
    assert (
        written.ratings.drop_duplicates(["userId", "movieId"]).groupby("userId").size().min() >= 20
    )
    assert a_user.median() < 0.6 * a_user.mean()
    a_movie = written.ratings.groupby("movieId").size().sort_values(ascending=False)
    assert a_movie.head(len(a_movie) // 100).sum() > 0.1 * len(written.ratings)
    assert gini(a_user) > 0.5
    assert gini(a_movie) > 0.6
    assert a_movie.median() <= 4


def test_ratings_come_in_sittings_after_the_movie_was_out(written: Written) -> None:
    ratings = written.ratings.merge(written.movies, on="movieId")
    rated = pd.to_datetime(ratings.timestamp, unit="s")
    assert rated.min() >= pd.Timestamp("1996-01-29")
    assert rated.max() < pd.Timestamp("2024-01-01")
    assert (rated.dt.year > ratings.title.str[-5:-1].astype(int)).all()
    pauses = written.ratings.sort_values(["userId", "timestamp"]).groupby("userId").timestamp.diff()
    assert pauses.min() >= 1
    assert (pauses < 600).sum() > 0.9 * pauses.count()
    assert (pauses > 86_400).sum() > 0.005 * pauses.count()


def test_reratings_are_as_many_as_the_truth_says(written: Written) -> None:
    repeated = written.ratings.duplicated(["userId", "movieId"])
    assert repeated.sum() == written.truth["rerating_count"]
    assert repeated.mean() == pytest.approx(PLAN.rerating_chance, rel=0.25)
    pairs = written.ratings.groupby(["userId", "movieId"]).rating
    assert pairs.size().max() >= 3
    assert pairs.nunique().max() >= 2


def test_counts_agree_with_the_files(written: Written) -> None:
    truth, ratings = written.truth, written.ratings
    assert truth["rating_count"] == len(ratings)
    assert truth["user_count"] == ratings.userId.nunique()
    assert truth["movie_count"] == len(written.movies)
    assert truth["rated_movie_count"] == ratings.movieId.nunique()
    assert truth["mean_rating"] == pytest.approx(ratings.rating.mean())
    assert truth["median_ratings_per_user"] == ratings.groupby("userId").size().median()
    assert truth["plan"] == dataclasses.asdict(PLAN)


def test_reachable_error_is_what_the_truth_says(written: Written, signal: np.ndarray) -> None:
    rating = written.ratings.rating
    best = best_prediction(signal, PLAN.noise_sd)
    assert written.truth["reachable_rmse"] == pytest.approx(rmse(rating, best), rel=1e-9)
    clipped = np.clip(signal, 0.5, 5)
    assert written.truth["clipped_signal_rmse"] == pytest.approx(rmse(rating, clipped), rel=1e-9)
    assert rmse(rating, best) < rmse(rating, clipped)


def test_best_prediction_is_the_mean_of_simulated_ratings() -> None:
    noise = np.random.default_rng(0).normal(0, 0.75, 200_000)
    signal = np.array([-9.0, 0.4, 1.0, 2.6, 3.55, 4.7, 5.4, 20.0])
    simulated = [np.clip(np.round(2 * (s + noise)) / 2, 0.5, 5).mean() for s in signal]
    assert best_prediction(signal, 0.75) == pytest.approx(np.array(simulated), abs=0.006)


def test_noise_and_variance_are_as_planted(written: Written, signal: np.ndarray) -> None:
    """Far from both ends only rounding, a variance of 1/48, adds to the planted noise."""
    inside = np.abs(signal - 2.75) < 0.5
    residual = (written.ratings.rating - signal)[inside]
    assert residual.std() == pytest.approx(np.sqrt(PLAN.noise_sd**2 + 1 / 48), rel=0.03)
    shares = written.truth["variance_pct"]
    assert sum(shares.values()) == pytest.approx(100)
    noise_share = PLAN.noise_sd**2 / (signal.var() + PLAN.noise_sd**2)
    assert shares["noise"] / 100 == pytest.approx(noise_share, rel=0.1)


def test_planted_signal_is_there_to_find(written: Written, signal: np.ndarray) -> None:
    """On held-out rows learnt biases beat the mean, and the truth beats the biases."""
    ratings = written.ratings
    held_out = np.arange(len(ratings)) % 5 == 0
    train, test = ratings[~held_out], ratings[held_out]
    mean = train.rating.mean()
    movie = shrunken_mean(train.rating - mean, train.movieId)
    user = shrunken_mean(train.rating - mean - train.movieId.map(movie), train.userId)
    bias = mean + test.movieId.map(movie).fillna(0) + test.userId.map(user).fillna(0)
    best = best_prediction(signal[held_out], PLAN.noise_sd)
    assert rmse(test.rating, bias) < 0.93 * rmse(test.rating, mean)
    assert rmse(test.rating, best) < 0.87 * rmse(test.rating, bias)


def test_genres_carry_signal(world: World) -> None:
    """Genre flags explain the planned share of what movies are like."""
    flags = np.column_stack([world.movies.genres, np.ones(len(world.movies.bias))]).astype(float)
    for column in (world.movies.bias, *world.movies.factors.T):
        fitted = flags @ np.linalg.lstsq(flags, column, rcond=None)[0]
        assert fitted.var() / column.var() == pytest.approx(PLAN.genre_share, abs=0.05)


@pytest.mark.parametrize("count", [20, 21, 309, 310, 777, 3_001])
def test_small_counts_work(count: int, tmp_path: Path) -> None:
    generate(Plan(count, 0), tmp_path)
    ratings = pd.read_csv(tmp_path / "ratings.csv")
    assert len(ratings) == count
    assert ratings.groupby("userId").size().min() >= 20


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--ratings", "19"], "--ratings 19 is too few"),
        (["--ratings", "-5"], "--ratings -5 is too few"),
        (["--ratings", "100", "--seed", "-1"], "--seed -1 is negative"),
    ],
)
def test_impossible_plans_are_refused(
    arguments: list[str], rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 1
    assert rule in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_existing_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("mine")
    with pytest.raises(UserError, match=r"ratings\.csv exists"):
        generate(Plan(100, 0), tmp_path)
    with pytest.raises(UserError, match="cannot be made a folder"):
        generate(Plan(100, 0), tmp_path / "ratings.csv")
    assert (tmp_path / "ratings.csv").read_text() == "mine"


def test_command_line_ends_with_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--ratings", "2000", "--seed", "3", "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "reachable_rmse" in shown
    assert "make build DATASET=" in shown
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"ratings.csv", "movies.csv", "truth.json"}
