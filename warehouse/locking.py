"""The lock of a candidate: one process at a time writes to it."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

MOMENT = 0.2
"""Seconds within which a process that got the lock writes its id."""


@contextmanager
def only_writer(candidate: Path) -> Iterator[int]:
    """Hold the lock of a candidate; wait, and say so, while another process holds it.

    Yields:
        The open lock file: a process that inherits it holds the lock too.
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
                f"Another build, process {holder} or one that it started, writes to {candidate}:"
                " waiting for it to end.",
                file=sys.stderr,
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        # The id is for messages alone: a full disk, which cannot take it, must not stop a rollback
        with suppress(OSError):
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def start_holding(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a command that holds the lock as this process does, also after this one is killed."""
    return subprocess.Popen(command, close_fds=False)
