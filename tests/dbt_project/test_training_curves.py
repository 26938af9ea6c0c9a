"""``predictions.training_curves`` against pandas."""

import pandas as pd

from tests.pipeline import Pipeline


def test_curves_are_the_history_with_the_best_epoch_marked(sample: Pipeline) -> None:
    with sample.connect() as connection:
        actual = connection.sql("from predictions.training_curves order by run_id, epoch").df()
        history = connection.sql("from ml.training_history order by run_id, epoch").df()
        runs = connection.sql("select run_id, model, protocol from ml.runs").df()
    expected = history.merge(runs, on="run_id").drop(columns="seconds")
    best = expected.groupby("run_id")["val_loss"].idxmin()
    expected["is_kept"] = expected.index.isin(best)

    pd.testing.assert_frame_equal(actual, expected[list(actual.columns)], check_dtype=False)
    assert set(actual["model"]) == {"matrix_factorisation", "embedding", "boosting"}
