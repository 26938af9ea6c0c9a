"""Time all gates on a large warehouse.

``python -m benchmarks.gates --ratings 25000000 --work FOLDER`` generates the ratings, builds a
warehouse of them, writes predictions for a fifth of the ratings in three protocols and a list for
each user into its candidate, checks the candidate, and writes ``benchmarks/gates.md``.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.measuring import ROOT, Measurement, generated, machine, measure, parsed
from warehouse.settings import candidate_path

RESULT = Path(__file__).with_suffix(".md")

PREDICTIONS = """
insert into ml.models (model, role, serving_rank) values
    ('embedding', 'ratings', 1),
    ('ease', 'lists', 2);
insert into ml.runs by name
select
    'gates-' || protocol as run_id,
    'embedding' as model,
    protocol,
    data_fingerprint,
    localtimestamp as finished_at
from analytics.dataset_summary
cross join (select unnest(['random', 'temporal', 'last']) as protocol)
union all
select 'gates-ease', 'ease', 'serving', data_fingerprint, localtimestamp
from analytics.dataset_summary;
insert into ml.rating_predictions by name
select run_id, user_id, movie_id, 1.4 + 0.6 * rating as prediction
from core.fct_ratings
cross join (select run_id from ml.runs where run_id like 'gates-%' and protocol != 'serving')
where hash(user_id, movie_id) % 5 = 0;
insert into ml.recommendations by name
select
    'gates-ease' as run_id,
    user_id,
    rank,
    (select max(movie_id) from core.dim_movies) * (hash(user_id) % 5000 + rank) // 5020 as movie_id
from core.dim_users
cross join range(1, 21) as ranks(rank);
"""


def main() -> None:
    """Parse the command line, measure, and write the result."""
    ratings, work = parsed("gates")
    data = generated(ratings, work)
    warehouse = work / "large.duckdb"
    environment = {
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
        "REELHOUSE_WAREHOUSE": str(warehouse),
        "REELHOUSE_THREADS": str(os.cpu_count()),
    }
    if not warehouse.exists():
        subprocess.run(
            ["make", "build", f"DATASET={data}", f"WAREHOUSE={warehouse}"],
            cwd=ROOT,
            env=os.environ | environment,
            check=True,
        )
    with duckdb.connect(str(candidate_path(warehouse))) as connection:
        ((written,),) = connection.execute("select count(*) from ml.rating_predictions").fetchall()
        if not written:
            connection.execute(PREDICTIONS)
    dbt = [sys.executable, "-m", "warehouse.dbt", "run"]
    project = ["--project-dir", "dbt_project", "--profiles-dir", "."]
    environment["REELHOUSE_CANDIDATE"] = str(work / "candidate" / warehouse.name)
    subprocess.run(
        [*dbt, *project, "--select", "tag:training"],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
    )
    figures = measure(
        "the figures of the predictions gate, with dbt's start",
        [
            *(*dbt, *project, "--select", "models", "current_runs"),
            *("path:models/intermediate/serving", "marts.gates.predictions"),
        ],
        **environment,
    )
    measurements = [figures] + [
        measure(
            f"the {suite} gate",
            [sys.executable, "-m", "expectations", "--suites", suite],
            **environment,
        )
        for suite in ("raw", "marts", "predictions")
    ]
    RESULT.write_text(_report(ratings, measurements), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


def _report(ratings: int, measurements: list[Measurement]) -> str:
    rows = "\n".join(
        f"| {m.name} | {m.seconds:.1f} | {m.peak_bytes / 1e9:.2f} |" for m in measurements
    )
    return f"""# The gates on {ratings:,} ratings

Generated ratings (`benchmarks/generate.py`, seed 0), built, and compared with a published state of
the same size; predictions of a fifth of them in three protocols, a list of 20 for each user. One
run, each gate in a process of its own, the import of Great Expectations in it.

- machine: {machine()}
- load in its last five minutes: {os.getloadavg()[1]:.1f} processes

| what | seconds | peak GB |
|---|---|---|
{rows}

`python -m benchmarks.gates --ratings {ratings} --work FOLDER`, {datetime.now(UTC):%Y-%m-%d}.
"""


if __name__ == "__main__":
    main()
