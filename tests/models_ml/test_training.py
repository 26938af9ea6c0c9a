"""What training wrote for the sample, held against naive computations over the same rows."""

import json
import math
import shutil

import duckdb
import numpy as np
import pandas as pd
import pytest

from models_ml.training import fit_rating_clusters
from tests.pipeline import Pipeline
from warehouse.errors import UserError


@pytest.fixture(scope="module")
def connection(sample: Pipeline):
    with sample.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def predictions(connection) -> pd.DataFrame:
    """Each prediction of the matrix factorisation beside its rating and split."""
    return connection.execute(
        "select predictions.*, splits.rating, splits.random_split as split"
        " from ml.rating_predictions as predictions"
        " inner join features.rating_splits as splits using (user_id, movie_id)"
    ).df()


def metric(connection, model: str, name: str) -> tuple[float, float, float, int]:
    ((*values,),) = connection.execute(
        "select value, ci_low, ci_high, row_count from predictions.model_leaderboard"
        " where model = ? and metric = ? and protocol = 'random'",
        [model, name],
    ).fetchall()
    return tuple(values)


def test_every_validation_and_test_row_has_one_prediction_on_the_scale(
    connection, predictions
) -> None:
    ((expected,),) = connection.execute(
        "select count(*) from features.rating_splits where random_split != 'train'"
    ).fetchall()
    assert len(predictions) == expected
    assert set(predictions["split"]) == {"validation", "test"}
    assert predictions["prediction"].between(0.5, 5).all()


def test_the_leaderboard_is_what_a_loop_over_the_test_rows_gives(connection, predictions) -> None:
    test = predictions[predictions["split"] == "test"]
    errors = [p - r for p, r in zip(test["prediction"], test["rating"], strict=True)]
    mse = sum(error * error for error in errors) / len(errors)
    mae = sum(abs(error) for error in errors) / len(errors)
    for name, expected in {"mse": mse, "rmse": math.sqrt(mse), "mae": mae}.items():
        value, low, high, count = metric(connection, "matrix_factorisation", name)
        assert value == pytest.approx(expected, rel=1e-9)
        assert low < value < high
        assert count == len(errors)


def test_the_interval_is_that_of_users_drawn_again_and_again(connection, predictions) -> None:
    test = predictions[predictions["split"] == "test"]
    squared = (test["prediction"] - test["rating"]) ** 2
    by_user = squared.groupby(test["user_id"]).agg(["sum", "count"]).to_numpy()
    generator = np.random.default_rng(0)
    draws = generator.integers(len(by_user), size=(4000, len(by_user)))
    sums = by_user[draws].sum(axis=1)
    expected = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    _, low, high, _ = metric(connection, "matrix_factorisation", "mse")
    np.testing.assert_allclose([low, high], expected, rtol=0.03)


@pytest.mark.parametrize("protocol", ["random", "temporal", "last"])
def test_the_baselines_are_what_loops_over_the_training_rows_give(connection, protocol) -> None:
    rows = connection.execute(
        f"select user_id, movie_id, rating, {protocol}_split from features.rating_splits"
    ).fetchall()
    train = [row for row in rows if row[3] == "train"]
    mean = sum(row[2] for row in train) / len(train)
    movie_sums: dict[int, list[float]] = {}
    for _, movie, rating, _ in train:
        movie_sums.setdefault(movie, []).append(rating - mean)
    movie_bias = {movie: sum(rest) / (len(rest) + 3) for movie, rest in movie_sums.items()}
    user_sums: dict[int, list[float]] = {}
    for user, movie, rating, _ in train:
        user_sums.setdefault(user, []).append(rating - mean - movie_bias[movie])
    user_bias = {user: sum(rest) / (len(rest) + 6) for user, rest in user_sums.items()}
    test = [row for row in rows if row[3] == "test"]
    errors = {
        "global_mean": [mean - row[2] for row in test],
        "user_movie_biases": [
            min(5.0, max(0.5, mean + movie_bias.get(movie, 0) + user_bias.get(user, 0))) - rating
            for user, movie, rating, _ in test
        ],
    }
    for model, differences in errors.items():
        ((value,),) = connection.execute(
            "select value from predictions.model_leaderboard"
            " where model = ? and metric = 'rmse' and protocol = ?",
            [model, protocol],
        ).fetchall()
        expected = math.sqrt(sum(d * d for d in differences) / len(differences))
        assert value == pytest.approx(expected, rel=1e-9)


def test_the_history_has_a_row_an_epoch_and_ends_two_after_the_best(connection) -> None:
    rows = connection.execute(
        "select epoch, val_loss from ml.training_history order by epoch"
    ).fetchall()
    losses = [loss for _, loss in rows]
    assert [epoch for epoch, _ in rows] == list(range(1, len(rows) + 1))
    assert losses.index(min(losses)) == len(losses) - 3


def test_the_validation_rows_chose_the_epoch(connection, predictions) -> None:
    """The kept weights' loss is the lowest validation loss, before clipping moves it."""
    validation = predictions[predictions["split"] == "validation"]
    clipped = ((validation["prediction"] - validation["rating"]) ** 2).mean()
    ((lowest,),) = connection.execute("select min(val_loss) from ml.training_history").fetchall()
    assert clipped <= lowest


def test_embeddings_are_float_arrays_of_ten_that_give_the_predictions(
    connection, predictions
) -> None:
    assert connection.execute(
        "select distinct typeof(embedding), len(embedding) from ml.user_embeddings"
        " union select distinct typeof(embedding), len(embedding) from ml.movie_embeddings"
    ).fetchall() == [("FLOAT[]", 10)]
    products = connection.execute(
        "select user_id, movie_id, list_dot_product(users.embedding, movies.embedding) as product"
        " from ml.rating_predictions"
        " inner join ml.user_embeddings as users using (user_id)"
        " inner join ml.movie_embeddings as movies using (movie_id)"
    ).df()
    both = predictions.merge(products, on=["user_id", "movie_id"])
    assert len(both) == len(predictions)
    np.testing.assert_allclose(both["product"].clip(0.5, 5), both["prediction"], rtol=1e-4)


def test_every_rating_is_in_the_cluster_with_the_nearest_centre(connection) -> None:
    ratings = connection.execute(
        "select user_id_z, movie_id_z, rating_z, cluster"
        " from analytics.standardised_ratings inner join ml.rating_clusters"
        " using (user_id, movie_id)"
    ).df()
    ((expected,),) = connection.execute("select count(*) from core.fct_ratings").fetchall()
    assert len(ratings) == expected
    points = ratings[["user_id_z", "movie_id_z", "rating_z"]].to_numpy()
    centres = ratings.groupby("cluster").mean().to_numpy()
    nearest = ((points[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert len(centres) == 5
    # K-means stops when its centres hardly move, so a few points may lie on a border
    assert (nearest == ratings["cluster"]).mean() > 0.99


def test_cluster_profiles_are_the_clusters_means(connection) -> None:
    expected = (
        connection.execute(
            "select cluster, user_id, movie_id, rating from ml.rating_clusters"
            " inner join core.fct_ratings using (user_id, movie_id)"
        )
        .df()
        .groupby("cluster")
        .agg(
            count=("rating", "size"),
            user=("user_id", "mean"),
            movie=("movie_id", "mean"),
            rating=("rating", "mean"),
        )
    )
    profiles = connection.execute(
        "select rating_count, mean_user_id, mean_movie_id, mean_rating, rating_pct"
        " from predictions.rating_cluster_profiles order by cluster"
    ).df()
    np.testing.assert_allclose(profiles.iloc[:, :4].to_numpy(), expected.to_numpy(), rtol=1e-9)
    assert profiles["rating_pct"].sum() == pytest.approx(100)


def test_a_second_training_adds_runs_changes_none_and_predicts_the_same(
    sample: Pipeline, pipeline: Pipeline
) -> None:
    shutil.copy(sample.warehouse, pipeline.warehouse)
    pipeline.make("train")
    with pipeline.connect() as connection:
        connection.execute(f"attach '{sample.warehouse}' as before (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'ml'"
            " and database_name = 'before'"
        ).fetchall()
        assert len(tables) == 6
        for (table,) in tables:
            lost = f"(from before.ml.{table} except all from ml.{table})"
            assert connection.execute(f"select count(*) from {lost}").fetchall() == [(0,)]
        assert connection.execute("select count(*) from ml.runs").fetchall() == [(4,)]
        for table, columns in {
            "rating_predictions": "user_id, movie_id, prediction",
            "rating_clusters": "user_id, movie_id, cluster",
            "user_embeddings": "user_id, embedding",
        }.items():
            counts = connection.execute(
                f"select distinct count(*) from ml.{table} group by {columns}"
            ).fetchall()
            assert counts == [(2,)], table
        assert connection.execute(
            "select count(*) from predictions.model_leaderboard where run_id is not null"
        ).fetchall() == [(3,)]


def test_parameters_are_kept_as_json(connection) -> None:
    ((params,),) = connection.execute(
        "select params from ml.runs where model = 'matrix_factorisation'"
    ).fetchall()
    assert json.loads(params) | {"n_users": 671, "factors": 10, "patience": 2} == json.loads(params)


def test_too_few_ratings_are_said() -> None:
    connection = duckdb.connect()
    connection.execute("create schema analytics")
    connection.execute(
        "create table analytics.standardised_ratings as select 1 user_id, 2 movie_id,"
        " 0.0 user_id_z, 0.0 movie_id_z, 0.0 rating_z"
    )
    with pytest.raises(UserError, match="too few to train"):
        fit_rating_clusters(connection)


def test_training_without_a_warehouse_says_what_to_do(pipeline: Pipeline) -> None:
    result = pipeline.make("train", check=False)
    assert result.returncode != 0
    assert f"There is no warehouse at {pipeline.warehouse}: `make build` makes one." in (
        result.stderr
    )
    assert "Traceback" not in result.stderr
