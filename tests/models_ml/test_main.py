"""What `make train` wrote for the sample, held against naive computations over the same rows."""

import json
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from models_ml.__main__ import main
from models_ml.ratings.boosting import Boosting
from models_ml.registry import RECIPES
from tests.pipeline import Pipeline

PROTOCOLS = ("random", "temporal", "last")
RATING_MODELS = ("matrix_factorisation", "embedding", "boosting")
BASELINES = ("global_mean", "user_movie_biases")


@pytest.fixture(scope="module")
def connection(sample: Pipeline):
    with sample.connect() as connection:
        yield connection


def predictions(connection: duckdb.DuckDBPyConnection, model: str, protocol: str) -> pd.DataFrame:
    """Each prediction of a run beside the rating and its part."""
    return connection.execute(
        "select predictions.*, splits.rating,"
        f" splits.{protocol}_split as split"
        " from ml.rating_predictions as predictions"
        " inner join ml.runs using (run_id)"
        " inner join features.rating_splits as splits using (user_id, movie_id)"
        " where model = ? and protocol = ?",
        [model, protocol],
    ).df()


def test_every_model_has_a_run_for_each_protocol_that_it_names(connection) -> None:
    runs = connection.execute("select model, protocol from ml.runs").fetchall()

    assert sorted(runs, key=str) == sorted(
        (
            (recipe.name, protocol)
            for recipe in RECIPES
            if recipe.effort == "quick"
            for protocol in recipe.protocols
        ),
        key=str,
    )


def test_every_table_of_the_model_layer_is_filled(connection) -> None:
    for schema in ("ml", "predictions"):
        for (table,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = ?", [schema]
        ).fetchall():
            ((count,),) = connection.execute(f"select count(*) from {schema}.{table}").fetchall()
            # Models that a full training alone fits predict out of fold
            assert count or table == "out_of_fold_predictions", f"{schema}.{table}"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("model", RATING_MODELS)
def test_every_row_that_was_not_fitted_has_one_prediction_on_the_scale(
    connection, model: str, protocol: str
) -> None:
    rows = predictions(connection, model, protocol)
    # The embedding model is fitted to the validation rows too
    parts = ["test"] if model == "embedding" else ["test", "validation"]
    ((expected,),) = connection.execute(
        f"select count(*) from features.rating_splits where {protocol}_split in (from unnest(?))",
        [parts],
    ).fetchall()

    assert len(rows) == expected
    assert sorted(set(rows["split"])) == parts
    assert rows["prediction"].between(0.5, 5).all()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("other", [*BASELINES, "matrix_factorisation"])
def test_the_embedding_model_is_better_beyond_doubt(connection, protocol: str, other: str) -> None:
    ((difference, high),) = connection.execute(
        "select difference, ci_high from predictions.model_comparisons"
        " where protocol = ? and metric = 'rmse' and model = 'embedding' and other_model = ?",
        [protocol, other],
    ).fetchall()

    assert difference < high < 0


@pytest.mark.parametrize("model", ["ease", "ranker"])
def test_lists_are_better_than_the_most_rated_movies_beyond_doubt(connection, model: str) -> None:
    # Each pair of models stands in the table once
    for metric in ("ndcg@10", "recall@20"):
        ((low,),) = connection.execute(
            "select case when model = 'most_rated' then -ci_high else ci_low end"
            " from predictions.model_comparisons where protocol = 'last' and metric = ?"
            " and least(model, other_model) = least(?, 'most_rated')"
            " and greatest(model, other_model) = greatest(?, 'most_rated')",
            [metric, model, model],
        ).fetchall()
        assert low > 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_history_ends_two_epochs_after_the_best(connection, protocol: str) -> None:
    rows = connection.execute(
        "select epoch, val_loss from ml.training_history inner join ml.runs using (run_id)"
        " where model = 'matrix_factorisation' and protocol = ? order by epoch",
        [protocol],
    ).fetchall()
    losses = [loss for _, loss in rows]

    assert [epoch for epoch, _ in rows] == list(range(1, len(rows) + 1))
    assert losses.index(min(losses)) == len(losses) - 3
    validation = predictions(connection, "matrix_factorisation", protocol).query(
        "split == 'validation'"
    )
    # The kept weights' loss, before clipping moves it, is the lowest
    assert ((validation["prediction"] - validation["rating"]) ** 2).mean() <= min(losses)


def test_factors_are_float_arrays_of_ten_that_give_the_predictions(connection) -> None:
    products = connection.execute(
        "select user_id, movie_id, list_dot_product(users.embedding, movies.embedding) as product,"
        " prediction, len(users.embedding) as users, typeof(movies.embedding) as type"
        " from ml.rating_predictions inner join ml.runs using (run_id)"
        " inner join ml.user_embeddings as users using (run_id, user_id)"
        " inner join ml.movie_embeddings as movies using (run_id, movie_id)"
        " where model = 'matrix_factorisation'"
    ).df()

    assert set(products["users"]) == {10}
    assert set(products["type"]) == {"FLOAT[]"}
    np.testing.assert_allclose(products["product"].clip(0.5, 5), products["prediction"], rtol=1e-4)


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


def test_one_model_trained_again_adds_runs_changes_none_and_predicts_the_same(
    sample: Pipeline, pipeline: Pipeline
) -> None:
    shutil.copy(sample.warehouse, pipeline.warehouse)
    shown = pipeline.make("train", MODEL="matrix_factorisation").stdout
    assert "matrix_factorisation, temporal: " in shown
    assert "ease" not in shown
    with pipeline.connect() as connection:
        connection.execute(f"attach '{sample.warehouse}' as before (read_only)")
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'ml'"
            " and database_name = 'before'"
        ).fetchall():
            lost = f"(from before.ml.{table} except all from ml.{table})"
            assert connection.execute(f"select count(*) from {lost}").fetchall() == [(0,)]
        new = "select run_id from ml.runs except select run_id from before.ml.runs"
        assert len(connection.execute(new).fetchall()) == 3
        for table, columns in {
            "rating_predictions": "user_id, movie_id, prediction",
            "user_embeddings": "user_id, embedding",
        }.items():
            # The same rows in another run: each new row has its twin
            unpaired = connection.execute(
                f"select count(*) from (select {columns} from ml.{table} where run_id in ({new})"
                f" except all select {columns} from before.ml.{table})"
            ).fetchall()
            assert unpaired == [(0,)], table
        assert connection.execute(
            "select count(distinct run_id) from predictions.model_leaderboard"
            f" where model = 'matrix_factorisation' and run_id in ({new})"
        ).fetchall() == [(3,)]


def test_a_file_from_before_a_table_was_added_gets_the_table(
    fittable: Pipeline, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(fittable.warehouse, pipeline.warehouse)
    with duckdb.connect(str(pipeline.warehouse)) as connection:
        connection.execute("drop table ml.rating_clusters")
    monkeypatch.setenv("REELHOUSE_CANDIDATE", str(pipeline.warehouse))
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(pipeline.warehouse))

    assert main(["--model", "rating_clusters", "--protocol", "serving"]) == 0
    assert pipeline.rows("select count(distinct run_id) from ml.rating_clusters") == [(1,)]


def test_the_layers_of_each_network_are_those_of_its_fit(connection) -> None:
    """Of the one that does not serve, those of the random protocol's."""
    layers = connection.execute(
        "select model, protocol, layer, weight_count, inputs from predictions.network_layers"
        " order by model, position"
    ).df()
    ((users, movies),) = connection.execute(
        "select count(*), (select count(*) from core.dim_movies) from core.dim_users"
    ).fetchall()
    ((rated,),) = connection.execute("select count(*) from features.movie_codes").fetchall()
    counts = layers.set_index(["model", "layer"])["weight_count"]

    assert set(zip(layers["model"], layers["protocol"], strict=True)) == {
        ("embedding", "serving"),
        ("matrix_factorisation", "random"),
    }
    assert counts["embedding", "user_factors"] == 16 * users
    assert counts["embedding", "movie_factors"] == 16 * movies
    assert counts["matrix_factorisation", "movie_factors"] == 10 * (rated + 1)
    for _, network in layers.groupby("model"):
        known: set[str] = set()
        for name, inputs in zip(network["layer"], network["inputs"], strict=True):
            assert set(inputs) <= known
            known.add(name)


def test_models_to_serve_lie_beside_the_warehouse_under_their_runs(
    sample: Pipeline, connection
) -> None:
    runs = dict(
        connection.execute(
            "select model, run_id from ml.runs where protocol = 'serving'"
        ).fetchall()
    )
    folder = sample.folder / "warehouse.models"

    assert {path.name for path in folder.iterdir()} == set(runs.values())
    # As the docstring of SavedModel says
    boosting = Boosting.load(folder / runs["boosting"])
    assert 0.5 <= boosting.predict(np.array([[200, 858]])).item() <= 5


def test_parameters_are_kept_as_json(connection) -> None:
    for model, params in connection.execute("select model, params from ml.runs").fetchall():
        assert json.loads(params)["random_state"] == 0, model


def test_training_without_a_warehouse_says_what_to_do(pipeline: Pipeline) -> None:
    result = pipeline.make("train", check=False)
    assert result.returncode != 0
    assert f"There is no warehouse at {pipeline.warehouse}: `make build` makes one." in (
        result.stderr
    )
    assert "Traceback" not in result.stderr


def test_an_unknown_model_is_said_before_anything_is_fitted(
    sample: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REELHOUSE_CANDIDATE", str(sample.warehouse))
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(sample.warehouse))

    assert main(["--model", "magic"]) == 1
    assert "There is no model 'magic'. MODEL is one of: " in capsys.readouterr().err
    assert main(["--model", "user_segments", "--protocol", "last"]) == 1
    assert "PROTOCOL is one of: serving." in capsys.readouterr().err


def test_no_candidate_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELHOUSE_CANDIDATE", str(tmp_path / "w.duckdb"))

    assert main([]) == 1
    assert "`make build` makes one" in capsys.readouterr().err
