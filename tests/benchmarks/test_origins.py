"""Stretches of time are cut as the temporal protocol cuts them, and models judged over all."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from benchmarks.origins import (
    BASELINE,
    STRONGER,
    Stretch,
    cut_off,
    less,
    read_stretch,
    table,
    verdict,
)

BIASES = {BASELINE: 1.0, STRONGER: 0.98}

WAREHOUSE = """
create schema features;
create table features.rating_splits as
    select *, timestamp '2020-01-01' as rated_at
    from (values
        (1, 1, 4.0, 'train'), (1, 2, 2.0, 'validation'), (1, 3, 4.0, 'test'), (2, 1, 3.0, 'test')
    ) as ratings (user_id, movie_id, rating, temporal_split);
create schema predictions;
create table predictions.current_runs as
    select model || '-' || protocol as run_id, model, protocol, 'ratings' as role
    from (values ('sure'), ('bare')) as models (model)
    cross join (values ('temporal'), ('random')) as protocols (protocol);
create schema ml;
create table ml.rating_predictions as
    select *
    from (values
        ('sure-temporal', 1, 3, 4.5, 4.0, 5.0), ('sure-temporal', 2, 1, 4.0, 3.5, 4.5),
        ('bare-temporal', 1, 3, 2.0, null, null), ('bare-temporal', 2, 1, 1.0, null, null),
        ('sure-random', 1, 2, 1.0, 1.0, 1.0)
    ) as predictions (run_id, user_id, movie_id, prediction, lower_bound, upper_bound);
"""


def errors_of(months: str, **errors: float) -> pd.DataFrame:
    """Make up a stretch: 40 users with 5 ratings each, and models with about these errors."""
    rows = pd.MultiIndex.from_product(
        [range(40), range(5), [pd.Timestamp(months)], [False]],
        names=["user_id", "movie_id", "rated_at", "is_new"],
    )
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {model: error + generator.uniform(-0.1, 0.1, len(rows)) for model, error in errors.items()},
        rows,
    )


def test_the_last_tenth_is_cut_off_with_all_of_its_first_second(tmp_path: Path) -> None:
    data, times = tmp_path / "data", [*range(100, 117), 120, 120, 121]
    data.mkdir()
    lines = [f"1,{movie},3.5,{time}" for movie, time in enumerate(times)]
    header = "userId,movieId,rating,timestamp"
    (data / "ratings.csv").write_text("\r\n".join([header, *reversed(lines)]) + "\r\n")
    (data / "movies.csv").write_text('movieId,title,genres\n1,"Yes, it is",Drama\n')
    (data / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0114709,\n")
    tagged = "userId,movieId,tag,timestamp\n1,1,early,119\n"
    (data / "tags.csv").write_text(tagged + "1,1,late,120\n")
    (data / "README.txt").write_text("A licence")

    cut_off(data, tmp_path / "once")
    cut_off(tmp_path / "once", tmp_path / "twice")

    once = pd.read_csv(tmp_path / "once" / "ratings.csv")
    assert sorted(once["timestamp"]) == times[:-3]
    assert len(pd.read_csv(tmp_path / "twice" / "ratings.csv")) == 15
    assert {path.name for path in (tmp_path / "once").iterdir()} == {
        *("ratings.csv", "movies.csv", "links.csv", "tags.csv")
    }
    for name in ("movies.csv", "links.csv"):
        assert (tmp_path / "once" / name).read_text() == (data / name).read_text()
    assert (tmp_path / "once" / "tags.csv").read_text() == tagged


def test_a_model_is_laid_out_over_all_stretches_and_over_each() -> None:
    late = errors_of("2015-05-05", **BIASES, good=0.81, bad=1.44)
    early = errors_of("2003-03-03", **BIASES, good=0.98, bad=1.44)

    covered = [pd.DataFrame({"good": inside}, late.index) for inside in ([1.0, 0.0] * 100, 1.0)]

    lines = table([Stretch(late, covered[0]), Stretch(early, covered[1])]).splitlines()

    assert lines[0].endswith("| 2003-03 to 2003-03 | 2015-05 to 2015-05 |")
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        *("| good", f"| {STRONGER}", f"| {BASELINE}", "| bad")
    ]
    shares = [line.split(" | ")[2] for line in lines[2:]]
    assert shares[0].startswith("75.0% ± ")
    assert shares[1:] == ["", "", ""]
    *_, each, last = (cell.strip(" |") for cell in lines[2].split(" | "))
    assert not each.startswith("**")
    assert float(last.strip("*")) == pytest.approx(-0.1, abs=0.02)
    assert last.startswith("**")


def test_a_stretch_has_every_prediction_and_what_its_interval_covers(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(WAREHOUSE)

    stretch = read_stretch(warehouse)

    assert list(stretch.errors.index.get_level_values("movie_id")) == [3, 1]
    assert list(stretch.errors.index.get_level_values("is_new")) == [False, True]
    assert list(stretch.errors["sure"]) == [0.25, 1.0]
    assert list(stretch.errors["bare"]) == [4.0, 4.0]
    assert stretch.covered.to_dict("list") == {"sure": [1.0, 0.0]}
    assert {BASELINE, STRONGER} < set(stretch.errors)


def test_differences_are_those_of_rmse() -> None:
    errors = errors_of("2015-05-05", **BIASES, bad=1.44)
    difference, low, high = less(errors, "bad", BASELINE)
    exact = np.sqrt(errors["bad"].mean()) - np.sqrt(errors[BASELINE].mean())
    assert difference == pytest.approx(exact)
    assert 0.1 < low < difference < high < 0.25


def test_the_verdict_names_models_by_where_they_are_better() -> None:
    biases = {BASELINE: 1.0, STRONGER: 0.8}
    one = errors_of("2015-05-05", **biases, a=0.7, b=0.7, c=1.2)
    other = errors_of("2015-05-05", **biases, a=0.9, b=1.2, c=1.2)
    leaderboards, stronger = verdict([one, other]).split("\n\n")
    assert leaderboards.endswith(" on every dataset: a; on some: b; on none: c.")
    assert stronger.endswith(" on some: a, b; on none: c.")
