"""Train all models on real ratings, and write down their errors, times and memory.

``python -m benchmarks.models sample ml-latest-small --work FOLDER`` builds and trains a warehouse
of each dataset (a release's name or a folder) and writes ``benchmarks/models.md``.
"""

import argparse
import math
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import duckdb

from benchmarks.measuring import Measurement, machine, measure

RESULT = Path(__file__).with_suffix(".md")

RELEVANT_FROM = 4.0

RATING_MODELS = """
select model, protocol, value, ci_high - value as margin
from predictions.model_leaderboard
where metric = 'rmse' and slice = 'all'
order by model, protocol
"""

LIST_MODELS = """
select model, metric, value, ci_high - value as margin
from predictions.model_leaderboard
where protocol = 'last' and metric in ('ndcg@10', 'recall@20', 'coverage@20') and slice = 'all'
order by model, metric
"""

DIFFERENCES = """
select protocol, other_model, difference, ci_low, ci_high
from predictions.model_comparisons
where
    model = 'embedding' and metric = 'rmse'
    and other_model in ('user_movie_biases', 'matrix_factorisation')
order by other_model, protocol
"""

TIMES = """
select model, sum(epoch(finished_at - started_at)) as seconds
from ml.runs
group by model
order by min(started_at)
"""


def naive_list_metrics(connection: duckdb.DuckDBPyConnection, model: str) -> tuple[float, float]:
    """Compute nDCG@10 and recall@20 of a model's lists by loops over the ratings themselves.

    Each user's ratings after the first floor(0.8 n) by time, ties by movie, are held out. Relevant
    are those of at least 4 stars, of movies that the kept ratings of anybody hold. Users without a
    relevant movie are left out. Recall divides by min(20, relevant).
    """
    ratings = connection.execute(
        "select user_id, movie_id, rating from core.fct_ratings"
        " order by user_id, rated_at, movie_id"
    ).fetchall()
    kept, held_out = {}, {}
    for user, rows in groupby(ratings, key=lambda row: row[0]):
        ordered = list(rows)
        cut = math.floor(0.8 * len(ordered))
        kept[user], held_out[user] = ordered[:cut], ordered[cut:]
    seen = {movie for rows in kept.values() for _, movie, _ in rows}
    lists: dict[int, list[int]] = {}
    for user, movie in connection.execute(
        "select user_id, movie_id from ml.recommendations inner join ml.runs using (run_id)"
        " where model = ? and protocol = 'last' order by user_id, rank",
        [model],
    ).fetchall():
        lists.setdefault(user, []).append(movie)
    gains, recalls = [], []
    for user, held in held_out.items():
        relevant = {movie for _, movie, stars in held if stars >= RELEVANT_FROM and movie in seen}
        if not relevant:
            continue
        shown = lists.get(user, [])
        gain = sum(
            1 / math.log2(position + 2)
            for position, movie in enumerate(shown[:10])
            if movie in relevant
        )
        ideal = sum(1 / math.log2(position + 2) for position in range(min(10, len(relevant))))
        gains.append(gain / ideal)
        recalls.append(len(relevant & set(shown[:20])) / min(20, len(relevant)))
    return sum(gains) / len(gains), sum(recalls) / len(recalls)


def main() -> None:
    """Parse the command line, train, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models")
    parser.add_argument("datasets", nargs="+", help="names of releases, or folders")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the warehouses")
    options = parser.parse_args()
    parts = "\n".join(_dataset(dataset, options.work.resolve()) for dataset in options.datasets)
    names = " ".join(Path(dataset).name for dataset in options.datasets)
    RESULT.write_text(
        f"""# What the models reach, and what they take

± is half a 95% interval, bootstrapped by user. Everything but the naive figures and the times is
read from `predictions.model_leaderboard` and `predictions.model_comparisons`.

Machine: {machine()}.

{parts}
`python -m benchmarks.models {names} --work FOLDER`,
{datetime.now(UTC):%Y-%m-%d}.
""",
        encoding="utf-8",
    )
    print(RESULT.read_text(encoding="utf-8"))


def _dataset(dataset: str, work: Path) -> str:
    name = Path(dataset).name
    work.mkdir(parents=True, exist_ok=True)
    warehouse = work / f"{name}.duckdb"
    warehouse.unlink(missing_ok=True)
    environment = {"DBT_TARGET_PATH": str(work / "target"), "DBT_LOG_PATH": str(work / "logs")}
    variables = [f"DATASET={dataset}", f"WAREHOUSE={warehouse}"]
    measure(f"{name}: make build", ["make", "build", *variables], **environment)
    training = measure(f"{name}: make train", ["make", "train", *variables], **environment)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return _report(name, training, connection)


def _report(name: str, training: Measurement, connection: duckdb.DuckDBPyConnection) -> str:
    ((ratings,),) = connection.execute("select count(*) from core.fct_ratings").fetchall()
    errors: dict[str, dict[str, str]] = {}
    for model, protocol, value, margin in connection.execute(RATING_MODELS).fetchall():
        errors.setdefault(model, {})[protocol] = f"{value:.4f} ± {margin:.4f}"
    lists: dict[str, dict[str, str]] = {}
    for model, metric, value, margin in connection.execute(LIST_MODELS).fetchall():
        lists.setdefault(model, {})[metric] = f"{value:.4f} ± {margin:.4f}"
    protocols = ("random", "temporal", "last")
    metrics = ("ndcg@10", "recall@20", "coverage@20")
    naive = {
        model: naive_list_metrics(connection, model) for model in lists if model != "most_rated"
    }
    return "\n".join(
        [
            f"## {name}: {ratings:,} ratings",
            "",
            f"`make train`: {training.seconds:.0f} s, {training.peak_bytes / 1e9:.1f} GB.",
            "By model, all protocols together: "
            + ", ".join(
                f"{model} {seconds:.0f} s"
                for model, seconds in connection.execute(TIMES).fetchall()
            )
            + ".",
            "",
            "RMSE in stars on held-out ratings:",
            "",
            "| model | random | temporal | last |",
            "|---|---|---|---|",
            *(
                f"| {model} | " + " | ".join(values.get(p, "") for p in protocols) + " |"
                for model, values in errors.items()
            ),
            "",
            "The embedding model's RMSE less another's, paired by user:",
            "",
            "| protocol | other model | difference | 95% interval |",
            "|---|---|---|---|",
            *(
                f"| {protocol} | {other} | {difference:.4f} | {low:.4f} to {high:.4f} |"
                for protocol, other, difference, low, high in connection.execute(
                    DIFFERENCES
                ).fetchall()
            ),
            "",
            "Lists of 20 against each user's last fifth:",
            "",
            "| model | nDCG@10 | recall@20 | coverage@20 | naive nDCG@10 | naive recall@20 |",
            "|---|---|---|---|---|---|",
            *(
                f"| {model} | "
                + " | ".join(values.get(metric, "") for metric in metrics)
                + " | "
                + " | ".join(f"{value:.4f}" for value in naive.get(model, ()))
                + " |"
                for model, values in lists.items()
            ),
            "",
        ]
    )


if __name__ == "__main__":
    main()
