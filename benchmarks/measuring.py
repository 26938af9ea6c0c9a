"""What benchmarks share: generated ratings, and commands measured with all their processes."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]

MILLION = 1_000_000


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
