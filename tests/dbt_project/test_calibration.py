"""``predictions.calibration`` against pandas, over the test rows of the sample."""

import numpy as np
import pandas as pd
import pytest

from tests.pipeline import Pipeline

PROTOCOLS = ("random", "temporal", "last")
BINS = 18
Z = 1.959964

COLUMNS = [
    *("lower_bound", "upper_bound", "row_count", "mean_prediction", "mean_rating"),
    *("ci_low", "ci_high", "interval_count", "covered_count", "covered_pct"),
]


@pytest.fixture(scope="module")
def bins(sample: Pipeline) -> pd.DataFrame:
    with sample.connect() as connection:
        return connection.sql(
            "from predictions.calibration order by model, protocol, lower_bound"
        ).df()


def judged(sample: Pipeline, protocol: str) -> pd.DataFrame:
    """Test rows of a protocol with what models predict, and with the mean of its training rows."""
    split = f"{protocol}_split"
    with sample.connect() as connection:
        ratings = connection.sql(
            f"select user_id, movie_id, rating, {split} as split from features.rating_splits"
        ).df()
        predictions = connection.sql(
            "select model, user_id, movie_id, prediction, lower_bound, upper_bound"
            " from ml.rating_predictions inner join ml.runs using (run_id)"
            f" where protocol = '{protocol}'"
        ).df()
    test = ratings[ratings["split"] == "test"]
    mean = ratings.loc[ratings["split"] == "train", "rating"].mean()
    return pd.concat(
        [
            predictions.merge(test, on=["user_id", "movie_id"]),
            test.assign(
                model="global_mean", prediction=mean, lower_bound=np.nan, upper_bound=np.nan
            ),
        ]
    )


def naive_bin(bin_: int, rows: pd.DataFrame) -> list[float]:
    """What the relation should say of the rows of a bin; users are the clusters of the interval."""
    mean = rows["rating"].mean()
    sums: dict[int, float] = {}
    for user, rating in zip(rows["user_id"], rows["rating"], strict=True):
        sums[user] = sums.get(user, 0.0) + rating - mean
    margin = Z * np.sqrt(sum(value**2 for value in sums.values())) / len(rows)
    if len(sums) < 2:
        margin = np.nan
    with_interval = rows.dropna(subset=["lower_bound", "upper_bound"])
    covered = with_interval["rating"].between(
        with_interval["lower_bound"], with_interval["upper_bound"]
    )
    return [
        *(0.5 + bin_ / 4, 0.5 + (bin_ + 1) / 4, len(rows), rows["prediction"].mean(), mean),
        *(mean - margin, mean + margin, len(covered), covered.sum(), 100 * covered.mean()),
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_bin_is_that_of_a_naive_loop(
    sample: Pipeline, bins: pd.DataFrame, protocol: str
) -> None:
    rows = judged(sample, protocol)
    rows["bin"] = (np.floor((rows["prediction"] - 0.5) / 0.25)).clip(0, BINS - 1).astype(int)
    shown = bins[bins["protocol"] == protocol]

    assert set(shown["model"]) == {*rows["model"], "user_movie_biases"}
    for model, predicted in rows.groupby("model"):
        expected = [
            naive_bin(bin_, predicted[predicted["bin"] == bin_])
            for bin_ in sorted(predicted["bin"].unique())
        ]
        pd.testing.assert_frame_equal(
            shown.loc[shown["model"] == model, COLUMNS].reset_index(drop=True),
            pd.DataFrame(expected, columns=COLUMNS),
            check_dtype=False,
            rtol=1e-9,
            atol=1e-9,
        )


def test_every_test_row_of_every_model_is_in_one_bin(sample: Pipeline, bins: pd.DataFrame) -> None:
    counts = bins.groupby(["protocol", "model"])["row_count"].sum()

    for protocol in PROTOCOLS:
        ((expected,),) = sample.rows(
            f"select count(*) from features.rating_splits where {protocol}_split = 'test'"
        )
        assert set(counts[protocol]) == {expected}


def test_it_counts_what_the_leaderboard_does(sample: Pipeline, bins: pd.DataFrame) -> None:
    coverage = sample.rows(
        "select model, protocol, value from predictions.model_leaderboard"
        " where metric = 'interval_coverage' and slice = 'all'"
    )
    sums = bins.groupby(["model", "protocol"])[["covered_count", "interval_count"]].sum()

    assert len(coverage) == (sums["interval_count"] > 0).sum() > 0
    for model, protocol, value in coverage:
        covered, count = sums.loc[(model, protocol)]
        assert covered / count == pytest.approx(value, rel=1e-12)
