"""Which state of the warehouse is shown, and whether another one has taken its place."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

SUMMARY = """
select
    summary.data_fingerprint,
    summary.rating_count,
    summary.user_count,
    summary.movie_count,
    (select max(loaded_at) from raw.loads) as loaded_at,
    (
        select max(runs.finished_at)
        from ml.runs as runs
        inner join predictions.current_runs using (run_id)
    ) as trained_at
from analytics.dataset_summary as summary
"""


@dataclass(frozen=True)
class State:
    """What a published file holds.

    Attributes:
        data_fingerprint: A digest of the data, the same as long as the data are.
        rating_count: Number of ratings.
        user_count: Number of users.
        movie_count: Number of movies.
        loaded_at: When its files were loaded, in UTC.
        trained_at: When the last model of these data was trained; ``None`` where none was.
    """

    data_fingerprint: str
    rating_count: int
    user_count: int
    movie_count: int
    loaded_at: datetime | None
    trained_at: datetime | None

    def sentence(self) -> str:
        """Say the state in a line."""
        loaded = f", loaded {self.loaded_at:%Y-%m-%d %H:%M} UTC" if self.loaded_at else ""
        trained = (
            f"models trained {self.trained_at:%Y-%m-%d %H:%M} UTC"
            if self.trained_at
            else "no models trained"
        )
        return (
            f"{self.rating_count:,} ratings of {self.movie_count:,} movies"
            f" by {self.user_count:,} users{loaded}; {trained}"
        )


def read_state(connection: duckdb.DuckDBPyConnection) -> State:
    """Ask an open warehouse which state it is."""
    (row,) = connection.execute(SUMMARY).fetchall()
    return State(*row)


def file_identity(path: Path) -> tuple[int, int] | None:
    """Tell published files apart: a build puts a new file in the place of the old one.

    Returns:
        Inode and time of change; ``None`` where there is no file.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
