"""Answer a query that somebody typed: within limits, and with nothing but the warehouse in reach.

The query runs in a process of its own, :mod:`explorer.query_process`. Some queries cannot be
interrupted, some take memory that DuckDB does not count, and a few end the process that runs them;
none of this may happen to the app. So the process is killed when its time is over, and may take no
more than a fixed part of the memory.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from explorer.limits import MEMORY, SECONDS
from warehouse.settings import PREFIX, read_settings

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Answer:
    """What a query found.

    Attributes:
        table: The rows, no more than the limit; each column has a name of its own.
        is_cut: Whether there are more rows.
        seconds: How long it took.
    """

    table: pa.Table
    is_cut: bool
    seconds: float


class QueryError(Exception):
    """A query that has no answer. The message is a sentence.

    Attributes:
        place: Lines that show the place in the query; empty where there is none to show.
    """

    def __init__(self, sentence: str, place: str = "") -> None:
        super().__init__(sentence)
        self.place = place


def answer(warehouse: Path, query: str, seconds: float = SECONDS) -> Answer:
    """Run a query on a published file.

    Args:
        warehouse: The file.
        query: One statement that only reads.
        seconds: The limit.

    Raises:
        QueryError: The query is wrong, not allowed, or exceeds a limit.
    """
    start = monotonic()
    with _process(warehouse) as process:
        try:
            output, _ = process.communicate(query.encode("utf-8", "replace"), timeout=seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise QueryError(
                f"The query was stopped after {seconds:g} seconds: ask for less, or for fewer rows."
            ) from error
    head, _, body = output.partition(b"\n")
    if process.returncode or not head:
        raise QueryError(
            "The query ended the process that ran it, most likely because it took too much memory:"
            " ask for less."
        )
    said = json.loads(head)
    if "error" in said:
        raise QueryError(said["error"], said["place"])
    table = _storable(pa.ipc.open_stream(body).read_all())
    return Answer(table, said["is_cut"], monotonic() - start)


def as_frame(table: pa.Table) -> pd.DataFrame:
    """Put a result into a frame that a browser can show: values of no simple type become text."""
    frame: pd.DataFrame = table.to_pandas()
    for name in frame.columns:
        if frame[name].dtype == "object":
            frame[name] = [value if value is None else str(value) for value in frame[name]]
    return frame


def as_csv(table: pa.Table) -> bytes:
    """Write a result as CSV in UTF-8, with a header."""
    text = table.to_pandas().to_csv(index=False)
    return bytes(text.encode("utf-8"))


def as_parquet(table: pa.Table) -> bytes:
    """Write a result as a Parquet file."""
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


Process = subprocess.Popen[bytes]

_ready: dict[Path, Process] = {}
_taking = Lock()


def prepare(warehouse: Path) -> None:
    """Start the process of the next query, so that it need not wait for Python to start.

    Until it is given a query it opens no file. It ends with this process, which holds its input.
    """
    with _taking:
        waiting = _ready.get(warehouse)
        if waiting is None or waiting.poll() is not None:
            _ready[warehouse] = _start(warehouse)


def _process(warehouse: Path) -> Process:
    with _taking:
        waiting = _ready.pop(warehouse, None)
    return waiting if waiting and waiting.poll() is None else _start(warehouse)


def _start(warehouse: Path) -> Process:
    return subprocess.Popen(
        [sys.executable, "-m", "explorer.query_process", str(warehouse.absolute())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """Tell the process its settings, and nothing else of what this process knows."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    return kept | {
        PREFIX + "THREADS": str(read_settings().threads),
        PREFIX + "MEMORY_LIMIT": MEMORY,
        # Each arena reserves addresses, of which the process may have only so many
        "MALLOC_ARENA_MAX": "2",
    }


def _storable(table: pa.Table) -> pa.Table:
    """Give each column a name of its own, and write intervals, which no file format has, as text.

    The text is that of ISO 8601, such as ``P1M2DT0.5S``.
    """
    for number, field in enumerate(table.schema):
        if pa.types.is_interval(field.type):
            texts = [
                value and f"P{value.months}M{value.days}DT{value.nanoseconds / 1e9:g}S"
                for value in table.column(number).to_pylist()
            ]
            table = table.set_column(number, field.name, pa.array(texts, pa.string()))
    return table.rename_columns(_unique(table.column_names))


def _unique(names: Sequence[str]) -> list[str]:
    """Give names that stand there several times a number: ``n``, ``n_2``, ``n_3``."""
    taken: set[str] = set()
    unique = []
    for name in names:
        number, own = 1, name
        while own in taken:
            number += 1
            own = f"{name}_{number}"
        taken.add(own)
        unique.append(own)
    return unique
