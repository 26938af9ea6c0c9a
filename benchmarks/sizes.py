"""Measure builds, deltas, trainings and questions from small to large, and write one page of them.

``python -m benchmarks.sizes --work FOLDER`` measures all parts at all sizes and writes
``benchmarks/README.md`` with a picture. ``--parts`` and ``--ratings`` choose some: their
measurements take the place of earlier ones in ``benchmarks/sizes.json``, and the page is of all.
Each measurement bears the commit that it was made on, so that no other code is measured than what
is committed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from benchmarks.measuring import MILLION, ROOT, Measurement, generated, machine, measure

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "sizes.json"
PAGE = FOLDER / "README.md"
PICTURE = FOLDER / "growth.svg"

BUILDS = (MILLION, 5 * MILLION, 25 * MILLION, 32 * MILLION)
TRAININGS = (100_000, MILLION, 5 * MILLION, 25 * MILLION)
QUESTIONS = (25 * MILLION,)

DELTA_SHARE = 0.005

WRITTEN = ("md", "svg", "json")
"""Endings of files that benchmarks write, and that are no code."""

READ = """
import duckdb, sys
connection = duckdb.connect(sys.argv[2], config={"threads": sys.argv[3], "memory_limit": "2GB"})
connection.execute(
    "create table ratings as select * from read_csv(?, header = true, columns = {'userId':"
    " 'BIGINT', 'movieId': 'BIGINT', 'rating': 'DOUBLE', 'timestamp': 'BIGINT'})", [sys.argv[1]]
)
connection.close()
"""

DELTA = """
copy (
    with drawn as (
        from read_csv('{ratings}') using sample {count} rows (reservoir, 0)
    ),
    numbered as (
        select *, row_number() over (order by userId, movieId) as number from drawn
    )
    select
        -- Half of the ratings are of new users, a quarter of users who come back and rate another
        -- movie, a quarter of movies that the user has rated before; all as of the time they had
        case when number % 4 < 2 then 10000000 + number // 40 else userId end as userId,
        case when number % 4 = 2 then movieId % {movies} + 1 else movieId end as movieId,
        case when number % 4 = 3 then 5.5 - rating else rating end as rating,
        timestamp + number % 4 as timestamp
    from numbered
    order by userId, movieId
) to '{path}' (header)
"""
"""Draws ratings that arrive late, in MovieLens form."""


@dataclass(frozen=True)
class Point:
    """One thing measured at one size.

    Attributes:
        part: builds, trainings or questions.
        ratings: How many ratings the dataset has.
        what: What was run.
        seconds: Wall-clock time.
        peak_gb: The most resident memory that its processes held at once; 0 where not measured.
        note: A few words beside the figures.
        commit: The commit whose code ran.
        machine: Where it ran.
    """

    part: str
    ratings: int
    what: str
    seconds: float
    peak_gb: float
    note: str
    commit: str
    machine: str


def main() -> None:
    """Parse the command line, measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizes")
    parser.add_argument("--work", type=Path, required=True, help="a folder for tens of GB")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--ratings", nargs="+", type=int, help="these sizes alone")
    options = parser.parse_args()
    commit = committed()
    for part in options.parts:
        sizes, measured = PARTS[part]
        for ratings in options.ratings or sizes:
            work = options.work.resolve() / str(ratings)
            work.mkdir(parents=True, exist_ok=True)
            keep(
                [
                    Point(part, ratings, what, seconds, peak_gb, note, commit, machine())
                    for what, seconds, peak_gb, note in measured(ratings, work)
                ]
            )
            write_page()


def committed() -> str:
    """Name the commit of the code.

    Raises:
        SystemExit: Files beside those that this module writes differ from it.
    """
    changed = subprocess.run(
        [
            "git",
            "status",
            "--porcelain",
            "--",
            ".",
            *(f":!benchmarks/*.{kind}" for kind in WRITTEN),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if changed:
        sys.exit(f"Only committed code is measured: commit these first.\n{changed}")
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


Row = tuple[str, float, float, str]
"""What was run, its seconds, its peak in GB, and a note."""


def builds(ratings: int, work: Path) -> list[Row]:
    """Measure the floor, pandas, a build, one of a delta, and one of everything after it."""
    data = life(ratings, work)
    warehouse, read = work / "w.duckdb", work / "read.duckdb"
    for old in (warehouse, read):
        old.unlink(missing_ok=True)
    threads = str(os.cpu_count())
    floor = [sys.executable, "-c", READ, str(data / "ratings.csv"), str(read), threads]
    rows = [
        _row(measure("DuckDB reads ratings.csv into a typed table", floor)),
        _row(
            measure(
                "the analysis in pandas",
                [sys.executable, "-m", "benchmarks.pandas_analysis", str(data)],
            )
        ),
        _row(_make("build", "build of everything", data, warehouse, work)),
    ]
    read.unlink()
    delta = work / "delta.csv"
    write_delta(data, delta, ratings)
    shutil.copyfile(delta, data / "ratings-delta.csv")
    rows.append(_row(_make("build", "build of a delta", data, warehouse, work)))
    if ratings == QUESTIONS[0]:
        little = work / "little.duckdb"
        little.unlink(missing_ok=True)
        limited = _make(
            "build", "build of everything, MEMORY_LIMIT=1GB", data, little, work, "MEMORY_LIMIT=1GB"
        )
        rows.append(_row(limited))
        little.unlink()
    anew = work / "anew" / "w.duckdb"
    anew.parent.mkdir(exist_ok=True)
    anew.unlink(missing_ok=True)
    _make("build", "the same anew", data, anew, work)
    what, seconds, peak, _ = rows[3]
    rows[3] = (what, seconds, peak, same_relations(warehouse, anew))
    shutil.rmtree(anew.parent)
    return rows


def trainings(ratings: int, work: Path) -> list[Row]:
    """Measure a training of every model in every protocol, with its judging."""
    data = life(ratings, work)
    warehouse = work / "trained.duckdb"
    warehouse.unlink(missing_ok=True)
    _make("build", "build for a training", data, warehouse, work)
    training = _make("train", "training", data, warehouse, work)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        by_model = connection.execute(
            "select model, sum(epoch(finished_at - started_at)) from ml.runs"
            " group by model order by min(started_at)"
        ).fetchall()
        ((error,),) = connection.execute(
            "select min(value) from predictions.model_leaderboard"
            " where metric = 'rmse' and protocol = 'random' and slice = 'all'"
        ).fetchall()
    reachable = json.loads((data.parent / "truth.json").read_text())["reachable_rmse"]
    note = f"best RMSE {error:.4f}, {reachable:.4f} reachable"
    return [
        (training.name, training.seconds, training.peak_bytes / 1e9, note),
        *((f"fits of {model}", seconds, 0, "") for model, seconds in by_model),
    ]


def questions(ratings: int, work: Path) -> list[Row]:
    """Measure the README's queries and the analyses, on a warehouse that was built."""
    data = life(ratings, work)
    warehouse = work / "w.duckdb"
    if not warehouse.exists():
        _make("build", "build for questions", data, warehouse, work)
    rows: list[Row] = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, query in asked(warehouse, work):
            began = time.perf_counter()
            try:
                connection.execute(query).fetchall()
            except duckdb.CatalogException:
                rows.append((name, 0, 0, "asks for what a training makes"))
                continue
            rows.append((name, time.perf_counter() - began, 0, ""))
    return rows


def asked(warehouse: Path, work: Path) -> list[tuple[str, str]]:
    """Read the queries of the README, and those of the analyses as dbt compiles them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    queries = [
        (f"README, query {number}", query)
        for number, query in enumerate(re.findall(r"```sql\n(.*?)```", readme, re.DOTALL), start=1)
    ]
    target = work / "target"
    subprocess.run(
        [
            *(sys.executable, "-m", "warehouse.dbt", "compile", "--project-dir", "dbt_project"),
            *("--profiles-dir", ".", "--select", "resource_type:analysis"),
        ],
        cwd=ROOT,
        env=os.environ
        | {"REELHOUSE_CANDIDATE": str(work / "empty.duckdb"), "DBT_TARGET_PATH": str(target)},
        check=True,
    )
    compiled = sorted(target.glob("compiled/reelhouse/analyses/*.sql"))
    return queries + [(path.stem, path.read_text(encoding="utf-8")) for path in compiled]


PARTS: dict[str, tuple[tuple[int, ...], Callable[[int, Path], list[Row]]]] = {
    "builds": (BUILDS, builds),
    "trainings": (TRAININGS, trainings),
    "questions": (QUESTIONS, questions),
}


def life(ratings: int, work: Path) -> Path:
    """Return a folder with so many generated ratings, without those of a delta."""
    source = generated(ratings, work)
    data = source / "dataset"
    data.mkdir(exist_ok=True)
    for name in ("ratings.csv", "movies.csv"):
        if not (data / name).exists():
            (data / name).hardlink_to(source / name)
    (data / "ratings-delta.csv").unlink(missing_ok=True)
    return data


def write_delta(data: Path, path: Path, ratings: int) -> None:
    """Write the ratings that arrive after so many that are in a folder."""
    with duckdb.connect() as connection:
        ((movies,),) = connection.execute(
            f"select max(movieId) from read_csv('{data}/movies.csv')"
        ).fetchall()
        connection.execute(
            DELTA.format(
                ratings=data / "ratings.csv",
                count=int(ratings * DELTA_SHARE),
                movies=movies,
                path=path,
            )
        )


def _make(
    target: str, what: str, data: Path, warehouse: Path, work: Path, *variables: str
) -> Measurement:
    return measure(
        what,
        ["make", target, f"DATASET={data}", f"WAREHOUSE={warehouse}", *variables],
        DBT_TARGET_PATH=str(work / "target"),
        DBT_LOG_PATH=str(work / "logs"),
    )


def _row(measurement: Measurement) -> Row:
    return (measurement.name, measurement.seconds, measurement.peak_bytes / 1e9, "")


def same_relations(one: Path, other: Path) -> str:
    """Compare what people query in two warehouses by EXCEPT both ways; say what is equal."""
    differing = []
    with duckdb.connect() as connection:
        for name, path in (("one", one), ("other", other)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'one'"
            " and schema_name in ('core', 'quality', 'analytics')"
            " and table_name not in ('gate_results', 'test_results')"
        ).fetchall()
        for schema, table in tables:
            relation = f"{schema}.{table}"
            # The last digits of a sum depend on the order of its terms
            columns = ", ".join(
                f'round("{name}", 9)' if kind == "DOUBLE" else f'"{name}"'
                for name, kind, *_ in connection.execute(f"describe one.{relation}").fetchall()
            )
            for first, second in (("one", "other"), ("other", "one")):
                ((count,),) = connection.execute(
                    f"select count(*) from (select {columns} from {first}.{relation}"
                    f" except all select {columns} from {second}.{relation})"
                ).fetchall()
                if count:
                    differing.append(relation)
    if differing:
        return f"differ from a build anew: {', '.join(sorted(set(differing)))}"
    return f"all {len(tables)} tables as of a build anew"


def keep(points: list[Point]) -> None:
    """Put points in the place of earlier ones of the same part and size."""
    new = {(point.part, point.ratings) for point in points}
    kept = [point for point in points_kept() if (point.part, point.ratings) not in new]
    order = {part: number for number, part in enumerate(PARTS)}
    both = sorted([*kept, *points], key=lambda point: (order[point.part], point.ratings))
    text = json.dumps([asdict(point) for point in both], indent=1)
    RESULTS.write_text(text + "\n", encoding="utf-8")


def points_kept() -> list[Point]:
    """Read the points that are kept."""
    if not RESULTS.exists():
        return []
    return [Point(**row) for row in json.loads(RESULTS.read_text(encoding="utf-8"))]


def write_page() -> None:
    """Write the page and its picture from the points that are kept."""
    points = points_kept()
    draw(points)
    tables = {
        "builds": builds_table([point for point in points if point.part == "builds"]),
        "trainings": trainings_table([point for point in points if point.part == "trainings"]),
        "questions": questions_table([point for point in points if point.part == "questions"]),
        "machines": machines_table(points),
    }
    text = PAGE_TEXT.read_text(encoding="utf-8")
    for name, table in tables.items():
        text = text.replace("{" + name + "}", table)
    PAGE.write_text(text, encoding="utf-8")


PAGE_TEXT = FOLDER / "sizes.template.md"


def in_words(ratings: int) -> str:
    """Write a number of ratings as people say it."""
    millions = ratings / MILLION
    return f"{millions:g} million" if millions >= 1 else f"{ratings:,}"


def builds_table(points: list[Point]) -> str:
    """Lay builds out beside the floor and pandas of the same size."""
    lines = [
        "| ratings | what | seconds | times the floor | times pandas | peak GB | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for ratings in sorted({point.ratings for point in points}):
        of_size = [point for point in points if point.ratings == ratings]
        floor, pandas = (point.seconds for point in of_size[:2])
        lines += [
            f"| {in_words(ratings)} | {point.what} | {point.seconds:.1f} |"
            f" {point.seconds / floor:.1f} | {point.seconds / pandas:.2f} |"
            f" {point.peak_gb:.2f} | {point.note} |"
            for point in of_size
        ]
    return "\n".join(lines)


def trainings_table(points: list[Point]) -> str:
    """Lay trainings out with the seconds of each model's fits."""
    lines = ["| ratings | seconds | peak GB | fits, in seconds | |", "|---|---:|---:|---|---|"]
    for point in points:
        if point.what == "training":
            fits = ", ".join(
                f"{fit.what.removeprefix('fits of ')} {fit.seconds:.0f}"
                for fit in points
                if fit.ratings == point.ratings and fit.what != "training"
            )
            lines.append(
                f"| {in_words(point.ratings)} | {point.seconds:.0f} | {point.peak_gb:.1f} |"
                f" {fits} | {point.note} |"
            )
    return "\n".join(lines)


def questions_table(points: list[Point]) -> str:
    """Lay questions out, the slowest first."""
    lines = ["| question | seconds |", "|---|---:|"]
    for point in sorted(points, key=lambda point: -point.seconds):
        lines.append(f"| {point.what} | {point.note or f'{point.seconds:.2f}'} |")
    return "\n".join(lines)


def machines_table(points: list[Point]) -> str:
    """Say on which commit and machine each part was measured."""
    places = sorted({(point.part, point.ratings, point.commit, point.machine) for point in points})
    lines = ["| part | ratings | commit | machine |", "|---|---|---|---|"]
    lines += [
        f"| {part} | {in_words(ratings)} | `{commit}` | {place} |"
        for part, ratings, commit, place in places
    ]
    return "\n".join(lines)


def draw(points: list[Point]) -> None:
    """Draw seconds by ratings, one line a kind of work, both on logarithmic scales."""
    import altair as alt
    import pandas as pd

    shown = {
        "DuckDB reads ratings.csv into a typed table": "DuckDB reads the file",
        "the analysis in pandas": "the analysis in pandas",
        "build of everything": "make build, of everything",
        "build of a delta": "make build, of 0.5% more",
        "training": "make train",
    }
    rows = [
        {"ratings": point.ratings, "seconds": point.seconds, "what": shown[point.what]}
        for point in points
        if point.what in shown
    ]
    x = alt.X("ratings:Q", scale=alt.Scale(type="log"), title="ratings", axis=alt.Axis(format="~s"))
    y = alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="seconds")
    colour = alt.Color("what:N", sort=list(shown.values()), title=None)
    chart = alt.Chart(pd.DataFrame(rows)).mark_line(point=True).encode(x=x, y=y, color=colour)
    chart.properties(width=520, height=320, background="white").save(PICTURE)


if __name__ == "__main__":
    main()
