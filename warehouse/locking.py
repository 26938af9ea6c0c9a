"""Who may write: a candidate, and the lock that one writer at a time holds."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MOMENT = 0.2
"""Seconds within which a process that got the lock writes its id."""


@contextmanager
def only_writer(candidate: Path) -> Iterator[int]:
    """Hold the lock of a candidate; wait, and say so, while somebody else does.

    Yields:
        The open lock file: whoever inherits it holds the lock too.
    """
    candidate.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(candidate.with_name(candidate.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(MOMENT)
            holder = os.pread(lock, 20, 0).decode() or "unknown"
            print(
                f"Another build, process {holder} or what it started, writes to {candidate};"
                " waiting for it to end.",
                file=sys.stderr,
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        # Who holds the lock is a courtesy: a full disk must not hinder a rollback
        with suppress(OSError):
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)
