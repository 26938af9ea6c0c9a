"""Time a build, the same analysis in pandas, and DuckDB only reading the file.

``python -m benchmarks.build --ratings 25000000 --work FOLDER`` generates the ratings, runs the
three one after another, each in processes of its own, and writes ``benchmarks/build.md``.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]

RESULT = Path(__file__).with_suffix(".md")

READ = """
import duckdb, sys
connection = duckdb.connect(sys.argv[2], config={"threads": sys.argv[3], "memory_limit": "2GB"})
connection.execute(
    "create table ratings as select * from read_csv(?, header = true, columns = {'userId':"
    " 'BIGINT', 'movieId': 'BIGINT', 'rating': 'DOUBLE', 'timestamp': 'BIGINT'})", [sys.argv[1]]
)
connection.close()
"""


@dataclass(frozen=True)
class Measurement:
    """What a command took.

    Attributes:
        name: What was run.
        seconds: Wall-clock time.
        peak_bytes: The most resident memory that its processes held at once, as sampled.
    """

    name: str
    seconds: float
    peak_bytes: int


def measure(name: str, command: list[str], **environment: str) -> Measurement:
    """Run a command and measure it with all its child processes.

    Raises:
        SystemExit: The command failed; its output says why.
    """
    print(f"{name} ...", flush=True)
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = psutil.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process))
            time.sleep(0.05)
        seconds = time.perf_counter() - began
        if process.returncode:
            output.seek(0)
            sys.exit(f"{name} failed:\n{output.read()}")
    print(f"  {seconds:.1f} s, {peak / 1e9:.2f} GB", flush=True)
    return Measurement(name, seconds, peak)


def _resident(process: psutil.Process) -> int:
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def generated(ratings: int, work: Path) -> Path:
    """Generate so many ratings in a folder of their own, unless it holds them; return it."""
    data = work / f"ratings-{ratings}"
    if not (data / "truth.json").exists():
        command = ["-m", "benchmarks.generate", "--ratings", str(ratings)]
        subprocess.run([sys.executable, *command, "--out", str(data)], cwd=ROOT, check=True)
    return data


def machine() -> str:
    """Say what machine measures."""
    memory = psutil.virtual_memory().total / 1e9
    return f"{os.cpu_count()} cores, {memory:.0f} GB; Python {platform.python_version()}"


def parsed(module: str) -> tuple[int, Path]:
    """Parse the command line of a benchmark: how many ratings, and the folder to work in."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{module}")
    parser.add_argument("--ratings", type=int, default=25_000_000)
    parser.add_argument("--work", type=Path, required=True, help="a folder for several GB")
    options = parser.parse_args()
    return options.ratings, options.work.resolve()


def main() -> None:
    """Parse the command line, measure, and write the result."""
    ratings, work = parsed("build")
    data = generated(ratings, work)
    warehouse = work / "warehouse.duckdb"
    read = work / "read.duckdb"
    for old in (warehouse, read):
        old.unlink(missing_ok=True)
    threads = str(os.cpu_count())
    measurements = [
        measure(
            "DuckDB reads ratings.csv into a typed table",
            [sys.executable, "-c", READ, str(data / "ratings.csv"), str(read), threads],
        ),
        measure(
            "the analysis in pandas",
            [sys.executable, "-m", "benchmarks.pandas_analysis", str(data)],
        ),
        measure(
            "`make build`: load, build, test, publish",
            ["make", "build", f"DATASET={data}", f"WAREHOUSE={warehouse}", f"THREADS={threads}"],
            DBT_TARGET_PATH=str(work / "target"),
            DBT_LOG_PATH=str(work / "logs"),
        ),
    ]
    RESULT.write_text(_report(ratings, data, warehouse, measurements), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


def _report(ratings: int, data: Path, warehouse: Path, measurements: list[Measurement]) -> str:
    baseline = measurements[0]
    rows = "\n".join(
        f"| {m.name} | {m.seconds:.1f} | {m.seconds / baseline.seconds:.1f} |"
        f" {m.peak_bytes / 1e9:.2f} |"
        for m in measurements
    )
    source = (data / "ratings.csv").stat().st_size / 1e6
    published = warehouse.stat().st_size / 1e6
    return f"""# A build of {ratings:,} ratings

Generated ratings (`benchmarks/generate.py`, seed 0) in MovieLens form. One run, one command after
another; memory is the most that all processes of a command held at once.

- ratings.csv: {source:,.0f} MB; the published warehouse: {published:,.0f} MB
- machine: {machine()}
- DuckDB is limited to 2 GB

| what | seconds | times the baseline | peak GB |
|---|---|---|---|
{rows}

The baseline is the first line. pandas does sections 1 to 4 of the analysis alone: no tests, no
quarantine, no splits, features or baselines, no file to query afterwards.

`python -m benchmarks.build --ratings {ratings} --work FOLDER`, {datetime.now(UTC):%Y-%m-%d}.
"""


if __name__ == "__main__":
    main()
