"""A model is one recipe in the registry: whoever reads of it needs no other change."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from models_ml.__main__ import main
from models_ml.fitting.ids import Ids, Values
from models_ml.fitting.recipe import Outcome, Recipe, Task
from models_ml.fitting.saving import SavedModel
from models_ml.registry import RECIPES
from tests.pipeline import ROOT, Pipeline


class Toy(SavedModel):
    """Predicts the mean, and lists the movies with the highest ids."""

    def fit(self, train: pd.DataFrame) -> "Toy":
        self.mean_ = train["rating"].mean()
        self.movies_ = np.sort(train["movie_id"].unique())[::-1]
        return self

    def predict(self, X: Ids) -> Values:  # noqa: N803 (scikit-learn's name)
        return np.full(len(X), self.mean_)


def train_ratings(task: Task) -> Outcome:
    model = Toy().fit(task.parts.train)
    rows = task.parts.test[["user_id", "movie_id"]]
    rows = rows.assign(prediction=model.predict(rows.to_numpy()))
    return Outcome(model, {"rating_predictions": rows}, "the mean")


def train_lists(task: Task) -> Outcome:
    parts = task.parts
    seen = pd.concat([parts.train, parts.validation])
    model = Toy().fit(seen)
    users = seen if task.protocol == "serving" else parts.test
    rated = seen.groupby("user_id")["movie_id"].agg(set)
    lists = [
        (user, rank, movie, -rank, None)
        for user in users["user_id"].unique()
        for rank, movie in enumerate(
            [movie for movie in model.movies_ if movie not in rated.get(user, ())][:20], start=1
        )
    ]
    columns = ["user_id", "rank", "movie_id", "score", "reason"]
    return Outcome(model, {"recommendations": pd.DataFrame(lists, columns=columns)}, "lists")


TOYS = (
    Recipe("toy_ratings", "ratings", "The mean.", Toy, train_ratings),
    Recipe("toy_lists", "lists", "The highest ids.", Toy, train_lists, serving_rank=1),
)


@pytest.fixture(scope="module")
def with_toys(fittable: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A warehouse for which two models were trained that nothing but the registry names."""
    pipeline = Pipeline(tmp_path_factory.mktemp("toys"))
    shutil.copyfile(fittable.warehouse, pipeline.warehouse)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REELHOUSE_CANDIDATE", str(pipeline.warehouse))
        patch.setenv("REELHOUSE_WAREHOUSE", str(pipeline.warehouse))
        patch.setattr("models_ml.registry.RECIPES", (*RECIPES, *TOYS))
        for toy in TOYS:
            assert main(["--model", toy.name]) == 0
    subprocess.run(
        [
            *(sys.executable, "-m", "warehouse.dbt", "build"),
            *("--select", "source:ml+", "intermediate.judging", "marts.predictions"),
            *("--project-dir", "dbt_project", "--profiles-dir", "."),
            *("--exclude-resource-type", "unit_test"),
        ],
        cwd=ROOT,
        env=pipeline.environment | {"REELHOUSE_CANDIDATE": str(pipeline.warehouse)},
        check=True,
    )
    return pipeline


def test_the_model_is_registered(with_toys: Pipeline) -> None:
    assert with_toys.rows(
        "select model, role, serving_rank, description from predictions.models"
        " where model like 'toy%' order by model"
    ) == [
        ("toy_lists", "lists", 1, "The highest ids."),
        ("toy_ratings", "ratings", None, "The mean."),
    ]


def test_its_fits_stand_for_their_protocols(with_toys: Pipeline) -> None:
    runs = with_toys.rows("select model, protocol, serves from predictions.current_runs")

    assert sorted(runs) == sorted(
        (toy.name, protocol, (toy.name, protocol) == ("toy_lists", "serving"))
        for toy in TOYS
        for protocol in toy.protocols
    )


def test_it_is_judged(with_toys: Pipeline) -> None:
    judged = with_toys.rows(
        "select model, protocol from predictions.model_leaderboard"
        " where model like 'toy%' and slice = 'all' and metric in ('rmse', 'ndcg@10')"
    )

    assert set(judged) >= {
        *(("toy_ratings", protocol) for protocol in ("random", "temporal", "last")),
        *(("toy_lists", protocol) for protocol in ("random", "last")),
    }


def test_its_lists_are_recommended(with_toys: Pipeline) -> None:
    ((users, reasons),) = with_toys.rows(
        "select count(distinct user_id), count(*) filter (where reason like 'popular: rated by %')"
        " = count(*) from predictions.current_recommendations"
    )

    assert (users, reasons) == (*with_toys.rows("select count(*) from core.dim_users")[0], True)
