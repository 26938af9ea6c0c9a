"""Models are compared by what the warehouse has measured."""

import pytest

from explorer import models
from tests.pipeline import Pipeline


@pytest.mark.parametrize(
    ("protocol", "metric", "better"),
    [("random", "rmse", min), ("last", "ndcg@10", max)],
)
def test_the_best_model_comes_first(
    sample: Pipeline, protocol: str, metric: str, better: type
) -> None:
    with sample.connect() as connection:
        values = models.values(connection, protocol, metric, "all")
    rows = sample.rows(
        "select model, value, ci_low, ci_high, row_count from predictions.model_leaderboard"
        f" where protocol = '{protocol}' and metric = '{metric}' and slice = 'all'"
    )
    columns = ["model", "value", "ci_low", "ci_high", "row_count"]
    assert sorted(values[columns].itertuples(index=False, name=None)) == sorted(rows)
    assert values["value"].iloc[0] == better(row[1] for row in rows)
    assert values["value"].is_monotonic_increasing or better is max


def test_a_difference_turns_round_with_the_model_it_is_seen_from(sample: Pipeline) -> None:
    with sample.connect() as connection:
        names = models.values(connection, "random", "rmse", "all").set_index("model")["value"]
        seen = {
            name: models.differences(connection, "random", "rmse", name).set_index("model")
            for name in names.index
        }
    for name, differences in seen.items():
        assert sorted(differences.index) == sorted(set(names.index) - {name})
        for other, row in differences.iterrows():
            assert row["difference"] == pytest.approx(names[other] - names[name], abs=1e-9)
            assert row["ci_low"] <= row["difference"] <= row["ci_high"]
            assert row["is_clear"] == (not row["ci_low"] <= 0 <= row["ci_high"])
            back = seen[other].loc[name]
            assert (back["ci_low"], back["ci_high"]) == (-row["ci_high"], -row["ci_low"])


def test_each_cell_that_is_offered_has_values(sample: Pipeline) -> None:
    with sample.connect() as connection:
        cells = models.cells(connection)
        metrics = models.metrics(connection)
        assert models.are_trained(connection)
        assert set(cells["metric"]) <= set(metrics)
        for protocol, metric, part in cells.sample(20, random_state=0).itertuples(index=False):
            assert not models.values(connection, protocol, metric, part).empty
    assert metrics["rmse"].better == "lower"


def test_before_training_the_baselines_stand_alone(marked: Pipeline) -> None:
    with marked.connect() as connection:
        assert not models.are_trained(connection)
        assert not models.cells(connection).empty
