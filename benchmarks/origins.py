"""Ask for several stretches of time how well models predict later ratings.

Do they beat the two biases, and do their intervals hold the share of ratings that they promise?

The temporal protocol tests the last tenth of the ratings, which few users gave: some 70 of 100,000
ratings, too few to tell two good models apart. Here a dataset is cut off where its test rows begin,
what is left is cut off where the test rows of that begin, and so on. Of each of these folders a
warehouse is built and trained as anybody would, and what it predicts of its test rows is read: so
each stretch is predicted from what came before it, and no rating twice.

``python -m benchmarks.origins DATASET ... --work FOLDER`` writes ``benchmarks/origins.md``. The
test rows of the whole dataset are left out: they are on the leaderboard.
"""

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.measuring import ROOT, machine, measure
from benchmarks.peers.rating_metrics import biases, paired, rmse_interval, share_interval
from ingest.datasets import dataset_folder
from models_ml.fitting.ids import Ids

RESULT = Path(__file__).with_suffix(".md")

ORIGINS = 4

BASELINE, STRONGER = "user_movie_biases", "biases of all rows"
"""The baseline of SQL knows the training rows alone, the other one the validation rows too.

So do all models but `boosting`, whose features are of the training rows.
"""

TEST_FROM = "percentile_disc(0.1) within group (order by cast(timestamp as bigint) desc)"
"""As the temporal protocol is cut: the last tenth of the ratings, with all of its first second."""

KNOWN = """
select user_id, movie_id, rating, temporal_split from features.rating_splits
where temporal_split <> 'test'
"""

TEST = """
select
    user_id,
    movie_id,
    rating,
    rated_at,
    user_id not in (
        select user_id from features.rating_splits where temporal_split <> 'test'
    ) as is_new
from features.rating_splits
where temporal_split = 'test'
order by user_id, movie_id
"""

PREDICTED = """
select
    runs.model,
    predictions.user_id,
    predictions.movie_id,
    predictions.prediction,
    predictions.lower_bound,
    predictions.upper_bound
from ml.rating_predictions as predictions
inner join predictions.current_runs as runs using (run_id)
where runs.protocol = 'temporal' and runs.role = 'ratings'
"""


@dataclass(frozen=True)
class Stretch:
    """What all models made of the ratings of some months.

    Both tables have one row a rating, by ``user_id``, ``movie_id``, ``rating``, ``rated_at`` and
    ``is_new``, which says that the user has no rating before; and one column a model.

    Attributes:
        errors: Squared errors in squared stars.
        covered: 1 where the rating lies in its 90% interval, else 0; models with intervals alone.
    """

    errors: pd.DataFrame
    covered: pd.DataFrame


def cut_off(folder: Path, out: Path) -> None:
    """Write a folder's files without its last tenth of ratings, and without tags since then."""
    out.mkdir(parents=True)
    with duckdb.connect() as connection:
        tables = {
            path.name: connection.read_csv(str(path), header=True, all_varchar=True)
            for path in sorted(folder.glob("*.csv"))
        }
        ((end,),) = tables["ratings.csv"].aggregate(TEST_FROM).fetchall()
        for name, rows in tables.items():
            if "timestamp" in rows.columns:
                rows = rows.filter(f"cast(timestamp as bigint) < {end}")
            rows.write_csv(str(out / name))


def stretches(folder: Path, work: Path) -> Iterator[Stretch]:
    """Build and train a warehouse of stretch after stretch, the latest first; yield each."""
    shutil.rmtree(work, ignore_errors=True)
    for number in range(1, ORIGINS + 1):
        data, warehouse = work / str(number), work / f"{number}.duckdb"
        cut_off(folder, data)
        folder = data
        for words in ("make build", "make train EFFORT=full PROTOCOL=temporal"):
            measure(
                f"{work.name}, stretch {number}: {words}",
                [*words.split(), f"DATASET={data}", f"WAREHOUSE={warehouse}"],
                DBT_TARGET_PATH=str(work / "target"),
                DBT_LOG_PATH=str(work / "logs"),
            )
        yield read_stretch(warehouse)


def read_stretch(warehouse: Path) -> Stretch:
    """Read what all models made of a warehouse's test rows."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        known, test, predicted = (
            connection.execute(query).df() for query in (KNOWN, TEST, PREDICTED)
        )
    ratings = test["rating"].to_numpy()[:, None]
    predictions, low, high = (
        _by_model(predicted, column, test)
        for column in ("prediction", "lower_bound", "upper_bound")
    )
    scale = known["rating"].agg(["min", "max"])
    is_train = known["temporal_split"] == "train"
    predictions[BASELINE] = np.clip(biases(known[is_train], test), *scale)
    predictions[STRONGER] = np.clip(biases(known, test), *scale)
    return Stretch((predictions - ratings) ** 2, ((low <= ratings) & (ratings <= high)) * 1.0)


def _by_model(predicted: pd.DataFrame, column: str, test: pd.DataFrame) -> pd.DataFrame:
    wide = predicted.pivot(index=["user_id", "movie_id"], columns="model", values=column)
    rows = wide.loc[pd.MultiIndex.from_frame(test[["user_id", "movie_id"]])].dropna(axis="columns")
    return rows.set_axis(pd.MultiIndex.from_frame(test))


def less(errors: pd.DataFrame, model: str, other: str) -> tuple[float, float, float]:
    """Compute a model's RMSE less another's in stars, and its 95% interval."""
    return paired(errors[model].to_numpy(), errors[other].to_numpy(), users_of(errors))


def users_of(rows: pd.DataFrame) -> Ids:
    return rows.index.get_level_values("user_id").to_numpy()


def table(found: list[Stretch]) -> str:
    """Write models down, best first: all stretches at once, then each, the earliest first."""
    joined = join(found)
    whole, covered = joined.errors, joined.covered
    one_by_one = [stretch.errors for stretch in found[::-1]]
    heads = [_months(errors) for errors in one_by_one]
    lines = [
        f"| model | RMSE | 90% intervals hold | less `{BASELINE}` | less {STRONGER}"
        f" | {' | '.join(heads)} |",
        f"|---|---|---|---|---|{'---:|' * len(heads)}",
    ]
    for model in whole.mean().sort_values().index:
        value, margin = rmse_interval(whole[model].to_numpy(), users_of(whole))
        cells = [f"{value:.4f} ± {margin:.4f}", _share(covered, model)]
        for other in (BASELINE, STRONGER):
            difference, low, high = less(whole, model, other)
            cells.append(f"{difference:.4f} ({low:.4f} to {high:.4f})" if model != other else "")
        cells += [_cell(errors, model) for errors in one_by_one]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def join(found: list[Stretch]) -> Stretch:
    """Make one stretch of several."""
    return Stretch(
        pd.concat([stretch.errors for stretch in found]),
        pd.concat([stretch.covered for stretch in found]),
    )


def _share(covered: pd.DataFrame, model: str) -> str:
    if model not in covered:
        return ""
    value, margin = share_interval(covered[model].to_numpy(), users_of(covered))
    return f"{value:.1%} ± {margin:.1%}"


def _months(errors: pd.DataFrame) -> str:
    times = errors.index.get_level_values("rated_at")
    return f"{times.min():%Y-%m} to {times.max():%Y-%m}"


def _cell(errors: pd.DataFrame, model: str) -> str:
    if model == STRONGER:
        return ""
    difference, low, high = less(errors, model, STRONGER)
    return f"**{difference:.4f}**" if low > 0 or high < 0 else f"{difference:.4f}"


def verdict(found: list[pd.DataFrame]) -> str:
    """Say which models are better than each baseline on each dataset, whose errors are given."""
    return "\n\n".join(
        f"Better than {other}, clear of 0, {_where_better(found, other)}."
        for other in (f"`{BASELINE}`", STRONGER)
    )


def _where_better(found: list[pd.DataFrame], other: str) -> str:
    better = {
        model: sum(less(errors, model, other.strip("`"))[2] < 0 for errors in found)
        for model in found[0].columns
        if model not in (BASELINE, STRONGER)
    }
    parts = [
        ("on every dataset", [model for model, count in better.items() if count == len(found)]),
        ("on some", [model for model, count in better.items() if 0 < count < len(found)]),
        ("on none", [model for model, count in better.items() if not count]),
    ]
    return "; ".join(f"{where}: {', '.join(models)}" for where, models in parts if models)


def page(found: dict[str, list[Stretch]]) -> str:
    """Write the result down, of each dataset by its name."""
    sections = "\n\n".join(_section(name, stretches) for name, stretches in found.items())
    return f"""# How well do models predict later ratings?

{verdict([join(stretches).errors for stretches in found.values()])}

RMSE in stars, and the same less a baseline's with its 95% interval: below 0 the model is better.
`{BASELINE}` is the leaderboard's. It is fitted to the training rows, as is `boosting`. The other
models are fitted to the validation rows too, which are the latest before the predicted ones.
{STRONGER.capitalize()} are the same baseline, fitted to both: it is harder to beat. Each column of
months predicts the ratings of these from all before, as `make build` and
`make train EFFORT=full PROTOCOL=temporal` do, less {STRONGER}; the columns before are of all months
together. A difference whose own interval does not contain 0 is **bold**. What 90% intervals hold
are the ratings that lie in the interval that the model gives beside its prediction. ± is half a 95%
interval; these are bootstrapped by user. The last tenth of each dataset is left out: the
leaderboard has it.

{sections}

Machine: {machine()}.

`python -m benchmarks.origins {" ".join(found)} --work FOLDER`, {datetime.now(UTC):%Y-%m-%d}.
"""


def _section(name: str, found: list[Stretch]) -> str:
    whole = join(found).errors
    new = whole.index.get_level_values("is_new").to_numpy(bool).mean()
    return f"""## {name}

Predicted are {len(whole):,} ratings by {len(np.unique(users_of(whole)))} users. Of these ratings,
{new:.0%} are by users who had given none before.

{table(found)}"""


def main() -> None:
    """Parse the command line, predict, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.origins")
    parser.add_argument("datasets", nargs="+", help="names of releases, or folders")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the warehouses")
    options = parser.parse_args()
    found = {}
    for dataset in options.datasets:
        folder = dataset_folder(dataset, ROOT / "data", Console())
        found[folder.name] = list(stretches(folder, options.work.resolve() / folder.name))
    RESULT.write_text(page(found), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
