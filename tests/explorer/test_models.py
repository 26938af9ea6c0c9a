"""Models are compared by what the warehouse has measured."""

import pytest

from explorer import models
from tests.pipeline import Pipeline
from warehouse.published import read_published


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
        values = models.values(connection, "random", "rmse", "all")
        names = dict(zip(values["model"], values["value"], strict=True))
        seen = {
            (name, other): figures
            for name in names
            for other, *figures, _ in models.differences(
                connection, "random", "rmse", name
            ).itertuples(index=False)
        }
    assert set(seen) == {(name, other) for name in names for other in names if name != other}
    for (name, other), (difference, low, high, is_clear) in seen.items():
        assert difference == pytest.approx(names[other] - names[name], abs=1e-9)
        assert low <= difference <= high
        assert is_clear == (not low <= 0 <= high)
        assert seen[other, name][:3] == [-difference, -high, -low]


def test_each_cell_that_is_offered_has_values(sample: Pipeline) -> None:
    with sample.connect() as connection:
        cells = models.cells(connection)
        metrics = models.metrics(connection)
        assert models.are_trained(connection)
        assert set(cells["metric"]) <= set(metrics)
        for protocol, metric, part in cells.sample(20, random_state=0).itertuples(index=False):
            assert not models.values(connection, protocol, metric, part).empty
    assert metrics["rmse"].better == "lower"


def test_before_training_nothing_is_measured(marked: Pipeline) -> None:
    with read_published(marked.warehouse) as connection:
        assert not models.are_trained(connection)
        assert models.cells(connection).empty
