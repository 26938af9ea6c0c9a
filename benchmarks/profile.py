"""Show where the time of a plain ``dbt build`` goes, beside that of an earlier commit.

``python -m benchmarks.profile --ratings 5000000 --work FOLDER --before CHECKOUT`` generates the
ratings, loads them, lets dbt build and test everything, here and in a checkout of the earlier
commit, and writes ``benchmarks/profile.md``.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path, PurePath

from benchmarks.measuring import ROOT, generated, machine

RESULT = Path(__file__).with_suffix(".md")

NODE_COUNT = 20
"""So many of the slowest nodes are listed."""

Profile = dict[tuple[str, str], float]
"""Seconds by folder and node; what tests took is in the folder `tests`."""


def main() -> None:
    """Parse the command line, measure, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("--ratings", type=int, default=5_000_000)
    parser.add_argument("--work", type=Path, required=True, help="a folder for several GB")
    parser.add_argument("--before", type=Path, required=True, help="a checkout to compare with")
    options = parser.parse_args()
    work = options.work.resolve()
    data = generated(options.ratings, work)
    profiles = [
        measured(checkout.resolve(), data, work / name)
        for name, checkout in (("before", options.before), ("after", ROOT))
    ]
    commits = [commit(checkout) for checkout in (options.before, ROOT)]
    RESULT.write_text(report(options.ratings, commits, profiles), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


def measured(checkout: Path, data: Path, work: Path) -> Profile:
    """Load the data into a new file, build it with the code of a checkout, and read the times."""
    work.mkdir(parents=True, exist_ok=True)
    candidate = work / "candidate.duckdb"
    candidate.unlink(missing_ok=True)
    environment = os.environ | {
        "REELHOUSE_CANDIDATE": str(candidate),
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
    }
    for command in (
        ["ingest", "--dataset", str(data)],
        ["dbt.cli.main", "build", "--project-dir", "dbt_project", "--profiles-dir", ".",
         "--exclude-resource-type", "unit_test", "--quiet"],
    ):  # fmt: skip
        subprocess.run([sys.executable, "-m", *command], cwd=checkout, env=environment, check=True)
    return profile_of(work / "target")


def profile_of(target: Path) -> Profile:
    """Read the seconds of each node out of what dbt left in its target folder."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    results = json.loads((target / "run_results.json").read_text())["results"]
    profile: Profile = {}
    for result in results:
        node = nodes.get(result["unique_id"])
        if node is not None:
            folder = PurePath(node["original_file_path"]).parent.as_posix()
            is_test = node["resource_type"] == "test"
            profile["tests" if is_test else folder, node["name"]] = result["execution_time"]
    return profile


def commit(checkout: Path) -> str:
    """Name the commit of a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(
        command, cwd=checkout, capture_output=True, text=True, check=True
    ).stdout.strip()


def report(ratings: int, commits: list[str], profiles: list[Profile]) -> str:
    """Write both profiles as a page: the slowest nodes, and sums."""
    before, after = profiles
    slowest = sorted(
        before.keys() | after.keys(),
        key=lambda node: -max(before.get(node, 0), after.get(node, 0)),
    )[:NODE_COUNT]
    nodes = "\n".join(
        f"| {name} | {_seconds(before, folder, name)} | {_seconds(after, folder, name)} |"
        for folder, name in slowest
    )
    sums = [_sums(profile) for profile in profiles]
    folders = "\n".join(
        f"| {folder} | {sums[0][folder]:.1f} | {sums[1][folder]:.1f} |"
        for folder in sorted(sums[0].keys() | sums[1].keys())
    )
    totals = [sum(profile.values()) for profile in profiles]
    tests = [sum(folder == "tests" for folder, _ in profile) for profile in profiles]
    return f"""# Where the time of a build of {ratings:,} ratings goes

Seconds in each node of a plain `dbt build` of generated ratings (`benchmarks/generate.py`, seed 0):
everything that `make build` and `make train` make and test together, but for fits. Before: commit
{commits[0]}. After: commit {commits[1]}.

- machine: {machine()}
- load in its last five minutes: {os.getloadavg()[1]:.1f} processes

| the {NODE_COUNT} slowest | before | after |
|---|---|---|
{nodes}

| folder | before | after |
|---|---|---|
{folders}
| **all** | **{totals[0]:.1f}** | **{totals[1]:.1f}** |

There were {tests[0]} tests of data before, and there are {tests[1]} after.

`python -m benchmarks.profile --ratings {ratings} --work FOLDER --before CHECKOUT`,
{datetime.now(UTC):%Y-%m-%d}.
"""


def _seconds(profile: Profile, folder: str, name: str) -> str:
    seconds = profile.get((folder, name))
    return "" if seconds is None else f"{seconds:.2f}"


def _sums(profile: Profile) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for (folder, _), seconds in profile.items():
        sums[folder] += seconds
    return sums


if __name__ == "__main__":
    main()
