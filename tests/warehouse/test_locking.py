"""One writer at a time holds the lock of a candidate, and whoever waits is told for whom."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.pipeline import ROOT, is_locked
from warehouse.locking import only_writer
from warehouse.settings import candidate_path


def test_a_candidate_lies_in_a_folder_beside_the_published_file() -> None:
    assert candidate_path(Path("somewhere/w.duckdb")) == Path("somewhere/candidate/w.duckdb")
    assert candidate_path(Path("w.duckdb")) == Path("candidate/w.duckdb")


def test_the_lock_is_held_within_and_free_afterwards(tmp_path: Path) -> None:
    candidate = tmp_path / "not yet a folder" / "w.duckdb"
    with only_writer(candidate) as lock:
        assert is_locked(candidate)
        assert os.pread(lock, 20, 0) == str(os.getpid()).encode()
    assert not is_locked(candidate)


def test_an_error_within_frees_the_lock(tmp_path: Path) -> None:
    candidate = tmp_path / "w.duckdb"
    with pytest.raises(KeyError), only_writer(candidate):
        raise KeyError
    assert not is_locked(candidate)


def test_a_command_of_a_command_holds_the_lock_when_those_above_it_are_gone(tmp_path: Path) -> None:
    start = (
        "from warehouse.locking import start_holding;"
        "print(start_holding(['sh', '-c', 'exec sleep 60 > /dev/null']).pid)"
    )
    candidate = tmp_path / "w.duckdb"
    with only_writer(candidate) as lock:
        ended = subprocess.run(
            [sys.executable, "-c", start], cwd=ROOT, pass_fds=[lock], stdout=-1, check=True
        )
    assert is_locked(candidate)
    os.kill(int(ended.stdout), signal.SIGTERM)
    deadline = time.monotonic() + 20
    while is_locked(candidate) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_locked(candidate)


def test_candidates_of_two_files_do_not_wait_for_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_writer(tmp_path / "a.duckdb"), only_writer(tmp_path / "b.duckdb"):
        assert is_locked(tmp_path / "a.duckdb")
        assert is_locked(tmp_path / "b.duckdb")
    assert capsys.readouterr().err == ""


def test_whoever_waits_is_told_for_whom_and_goes_on_when_the_lock_is_free(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate = tmp_path / "w.duckdb"
    has_written = threading.Event()

    def write() -> None:
        with only_writer(candidate):
            has_written.set()

    writer = threading.Thread(target=write)
    with only_writer(candidate):
        writer.start()
        said, deadline = "", time.monotonic() + 20
        while not said and time.monotonic() < deadline:
            said = capsys.readouterr().err
            time.sleep(0.02)
        assert f"process {os.getpid()} " in said
        assert f"writes to {candidate}: waiting for it to end." in said
        assert not has_written.is_set()
    writer.join(timeout=20)
    assert has_written.is_set()
    assert not is_locked(candidate)
