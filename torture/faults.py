"""The faults: each makes something go wrong once, and checks what must hold nevertheless."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import duckdb

from torture.changes import same_content_by_changes
from torture.inputs import damaged_archive, damaged_files, damaged_own_ratings, hostile_texts
from torture.lab import (
    ROOT,
    BrokenError,
    Ended,
    Lab,
    WrongStateError,
    check_plain,
    content,
    digest,
    make,
    run,
    stage,
)
from torture.threads import same_content_with_other_threads
from torture.trials import Fault
from warehouse.published import check_whole
from warehouse.states import states

MODEL = "rating_clusters"
"""A model that trains in a second."""


def kill_publishing(lab: Lab, command: list[str], seconds: float) -> None:
    """Kill a command that publishes the other dataset at a random moment; then let it finish."""
    other = lab.other()
    before = digest(lab.warehouse)
    run(
        command,
        lab.environment,
        kill_after=lab.generator.uniform(0, seconds),
        with_signal=lab.generator.choice([signal.SIGKILL, signal.SIGTERM]),
        whole_group=lab.generator.random() < 0.7,
    )
    lab.check_free()
    if digest(lab.warehouse) != before and lab.published() != other:
        raise WrongStateError("a killed command published what it did not make")
    lab.succeed(command)
    if lab.published() != other:
        raise WrongStateError(f"{' '.join(command)} did not publish {other}")
    lab.check_clean()


def killed_load(lab: Lab) -> None:
    """Kill a load, or a build, and its publishing."""
    kill_publishing(lab, lab.publish_command(lab.other()), lab.seconds)


def killed_publish(lab: Lab) -> None:
    """Kill a publishing while it copies and renames; the candidate is made beforehand."""
    other = lab.other()
    command = stage("empty", sys.executable, "-m", "ingest", "--dataset", str(lab.folder / other))
    # A command that fails after its work leaves a candidate
    run([*command[:6], "sh", "-c", '"$@"; exit 3', "sh", *command[6:]], lab.environment)
    kill_publishing(lab, stage("candidate", "true"), lab.seconds / 2)


def killed_training(lab: Lab) -> None:
    """Kill a training: the data stay as they were, and the next training succeeds."""
    name = lab.published()
    command = make("train", WAREHOUSE=lab.warehouse, MODEL=MODEL)
    run(
        command,
        lab.environment,
        kill_after=lab.generator.uniform(0, lab.seconds),
        with_signal=lab.generator.choice([signal.SIGKILL, signal.SIGTERM]),
    )
    lab.check_free()
    if lab.published() != name:
        raise WrongStateError("a killed training changed the data")
    runs = _runs(lab.warehouse)
    lab.succeed(command)
    if _runs(lab.warehouse) <= runs or lab.published() != name:
        raise WrongStateError("a training did not add its runs")
    lab.check_clean()


def _runs(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        ((count,),) = connection.execute("select count(*) from ml.runs").fetchall()
    return int(count)


def full_disk(lab: Lab) -> None:
    """Publish onto a disk of its own that is too small, or just large enough."""
    other = lab.other()
    before = digest(lab.warehouse)
    seed, place, out = (lab.folder / name for name in ("w", "small-disk", "out"))
    place.mkdir(exist_ok=True)
    out.mkdir()
    held = sum(path.stat().st_size for path in seed.rglob("*") if path.is_file())
    size = held + lab.generator.randrange(1 << 16, 3 * len(lab.clean) + (4 << 20))
    inside = place / lab.warehouse.name
    ended = run(
        on_small_disk(size, seed, place, out, lab.publish_command(other, inside)),
        lab.environment | {"REELHOUSE_WAREHOUSE": str(inside)},
    )
    check_plain(ended.output)
    found = out / lab.warehouse.name
    if digest(found) != before and content(found) != lab.contents[other]:
        raise WrongStateError("a full disk left another state")
    if (digest(found) == before) != (ended.status != 0):
        raise BrokenError(f"the status {ended.status} does not tell what happened: {ended.output}")
    if found.with_name(found.name + ".publishing").exists():
        raise BrokenError("half a copy is left on the full disk")
    shutil.rmtree(out)


def on_small_disk(size: int, seed: Path, place: Path, out: Path, command: list[str]) -> list[str]:
    """Run a command on a disk in memory that no other process sees, filled from a folder."""
    script = (
        'mount -t tmpfs -o size="$1" tmpfs "$2" && cp -a "$3/." "$2" || exit 99;'
        ' out=$4 place=$2; shift 4; "$@"; status=$?; cp -a "$place/." "$out"; exit $status'
    )
    places = [str(size), str(place), str(seed), str(out)]
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", *places, *command]


def can_mount() -> bool:
    """Tell whether this system lets an ordinary process have a disk of its own."""
    script = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(script, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def short_files(lab: Lab) -> None:
    """Publish while no file may grow beyond a size: a write beyond it fails."""
    other = lab.other()
    size = lab.generator.randrange(0, len(lab.clean) + (1 << 20))
    code = (
        "import os, resource, sys;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2);"
        "os.execvp(sys.argv[2], sys.argv[2:])"
    )
    before = digest(lab.warehouse)
    limited = [sys.executable, "-c", code, str(size), *lab.publish_command(other)]
    check_honest(lab, run(limited, lab.environment), before, other)


def little_memory(lab: Lab) -> None:
    """Publish with too little memory, or with hardly enough."""
    other = lab.other()
    limit = f"{int(10 ** lab.generator.uniform(0, 7))}B"
    before = digest(lab.warehouse)
    ended = run(lab.publish_command(other), lab.environment | {"REELHOUSE_MEMORY_LIMIT": limit})
    check_honest(lab, ended, before, other)
    if ended.status != 0 and "memory" not in ended.output.lower():
        raise BrokenError(f"nothing says that memory is short: {ended.output}")


def check_honest(lab: Lab, ended: Ended, before: str, other: str) -> None:
    """Check that a publishing which succeeded has published, and that one which failed has not."""
    check_plain(ended.output)
    if ended.status == 0:
        if lab.published() != other:
            raise WrongStateError("it succeeded, and published another state")
    elif digest(lab.warehouse) != before:
        raise WrongStateError(f"it failed, and published: {ended.output}")
    lab.check_clean()


def unwritable_folder(lab: Lab) -> None:
    """Publish where nothing can be written: a folder that is a file, the kernel's, or read-only.

    A read-only folder does not stop an administrator, so it is left out for one.
    """
    barrier = lab.folder / "barrier"
    barrier.write_text("a file")
    closed = lab.folder / "closed"
    closed.mkdir(exist_ok=True)
    closed.chmod(0o555)
    places = [barrier, Path("/proc/self"), Path("/dev/null"), *([closed] if os.geteuid() else [])]
    warehouse = lab.generator.choice(places) / "w.duckdb"
    lab.refuse(lab.publish_command(lab.other()), REELHOUSE_WAREHOUSE=str(warehouse))
    barrier.unlink()


def two_builds(lab: Lab) -> None:
    """Publish both datasets at once: one process waits, and says for which."""
    children = [
        subprocess.Popen(
            lab.publish_command(name),
            cwd=ROOT,
            env=lab.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("a", "b")
    ]
    said = [child.communicate()[0] for child in children]
    if any(child.returncode for child in children):
        raise BrokenError(f"one of two builds failed: {said}")
    for text, other in zip(said, reversed(children), strict=True):
        if "waiting" in text and f"process {other.pid} " not in text:
            raise BrokenError(f"the process that waits does not name the other: {text}")
    lab.published()
    lab.check_clean()


def open_reader(lab: Lab) -> None:
    """Publish while a reader has the published file open, and goes on seeing the old one."""
    script = (
        "import duckdb, sys\n"
        "connection = duckdb.connect(sys.argv[1], read_only=True)\n"
        "query = 'select count(*) from raw.ratings'\n"
        "print(*connection.execute(query).fetchone(), flush=True)\n"
        "input()\n"
        "print(*connection.execute(query).fetchone(), flush=True)\n"
    )
    other = lab.other()
    with subprocess.Popen(
        [sys.executable, "-c", script, lab.warehouse],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        first = reader.stdout.readline()
        lab.succeed(lab.publish_command(other))
        second, _ = reader.communicate("\n")
    if first != second or reader.returncode:
        raise WrongStateError(f"an open reader saw {first!r}, then {second!r}")
    if lab.published() != other:
        raise WrongStateError("an open reader stopped a publishing")


def clock_set_back(lab: Lab) -> None:
    """Publish with a clock that was set back: states keep their order nevertheless."""
    future = time.time() + lab.generator.randrange(1, 10**9)
    os.utime(lab.warehouse, (future, future))
    before = content(lab.warehouse)
    numbers = [state.number for state in states(lab.warehouse)]
    other = lab.other()
    code = (
        "import sys, datetime, ingest.load, ingest.__main__\n"
        "class Clock:\n"
        "    now = staticmethod(lambda zone: datetime.datetime(1971, 1, 1, tzinfo=zone))\n"
        "ingest.load.datetime = Clock\n"
        "sys.exit(ingest.__main__.main(sys.argv[1:]))\n"
    )
    load = [sys.executable, "-c", code, "--dataset", str(lab.folder / other)]
    lab.succeed(stage("empty", *load))
    if lab.published() != other:
        raise WrongStateError("a clock set back changed what is published")
    latest = states(lab.warehouse)[0]
    if latest.number <= max(numbers, default=0) or content(latest.path) != before:
        raise WrongStateError("the latest state is not what was published last")


def damaged_file(lab: Lab) -> None:
    """Cut the published file short or change bytes: readers say so, and a build makes a new one."""
    other = lab.other()
    whole = content(lab.warehouse)
    damage(lab)
    if lab.is_built:
        readers = [
            make("summary", WAREHOUSE=lab.warehouse),
            make("train", WAREHOUSE=lab.warehouse, MODEL=MODEL),
        ]
    else:
        readers = [stage("published", "true")]
    for command in readers:
        before = digest(lab.warehouse)
        ended = run(command, lab.environment)
        check_plain(ended.output)
        if ended.status:
            if digest(lab.warehouse) != before or str(lab.warehouse.parent) not in ended.output:
                raise BrokenError(f"the damage is not told: {ended.output}")
        elif command != readers[0] and content(lab.warehouse) != whole:
            raise WrongStateError("a damaged file was taken for a whole one")
    left = lab.warehouse.read_bytes()
    lab.succeed(lab.publish_command(other))
    check_whole(lab.warehouse)
    if lab.published() != other:
        raise WrongStateError("a build on a damaged file published another state")
    keepers = [state.path for state in states(lab.warehouse)]
    keepers += lab.warehouse.parent.glob("*.damaged*")
    if not any(path.read_bytes() == left for path in keepers):
        raise BrokenError("the damaged file is lost")
    for path in lab.warehouse.parent.glob("*.damaged*"):
        path.unlink()
    lab.check_clean()


def damage(lab: Lab) -> None:
    """Damage the published file as a failing disk does."""
    bytes_ = bytearray(lab.warehouse.read_bytes())
    generator = lab.generator
    # The mark of a DuckDB file stays: a file without it is taken for somebody's own
    kind = generator.choice(["cut", "flip", "flip in a header", "zeros", "noise"])
    at = generator.randrange(12, 12_288 if kind == "flip in a header" else len(bytes_))
    if kind == "cut":
        del bytes_[at:]
    elif kind == "zeros":
        bytes_[at : at + 4096] = bytes(len(bytes_[at : at + 4096]))
    elif kind == "noise":
        bytes_[at : at + 4096] = generator.randbytes(len(bytes_[at : at + 4096]))
    else:
        bytes_[at] ^= 1 << generator.randrange(8)
    lab.warehouse.unlink()
    lab.warehouse.write_bytes(bytes_)


def stray_log(lab: Lab) -> None:
    """Publish after somebody wrote to the published file and never closed it."""
    other = lab.other()
    crash = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('delete from raw.ratings where userId = 1'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", crash, lab.warehouse], check=True)
    lab.succeed(lab.publish_command(other))
    if lab.published() != other:
        raise WrongStateError("the log of the old file was replayed on the new one")
    lab.check_clean()


def killed_rollback(lab: Lab) -> None:
    """Kill a rollback at a random moment: what is published is wholly the old or the new."""
    before, other = lab.published(), lab.other()
    lab.succeed(lab.publish_command(other))
    run(
        [sys.executable, "-m", "warehouse.states", "--restore"],
        lab.environment,
        kill_after=lab.generator.uniform(0, 1),
    )
    lab.check_free()
    if lab.published() not in (before, other):
        raise WrongStateError("a rollback published something else")


def faults() -> list[Fault]:
    """List all faults, also those that this system lets nobody try; builds come last."""
    hindrance = "" if can_mount() else "no right to mount"
    return [
        Fault("killed while loading", killed_load, 100),
        Fault("killed while publishing", killed_publish, 80),
        Fault("killed while rolling back", killed_rollback, 20),
        Fault("disk full", full_disk, 8, hindrance=hindrance),
        Fault("no file beyond a size", short_files, 8),
        Fault("memory limit", little_memory, 6),
        Fault("unwritable folder", unwritable_folder, 3),
        Fault("two builds at once", two_builds, 3),
        Fault("a reader holds the file", open_reader, 3),
        Fault("clock set back", clock_set_back, 3),
        Fault("file damaged", damaged_file, 12),
        Fault("log left beside the file", stray_log, 3),
        Fault("damaged input", damaged_files, 100),
        Fault("damaged archive", damaged_archive, 100),
        Fault("damaged file of somebody new", damaged_own_ratings, 200),
        Fault("killed while building", killed_load, 5, True),
        Fault("killed while training", killed_training, 5, True),
        Fault("disk full, build", full_disk, 3, True, hindrance),
        Fault("file damaged, build", damaged_file, 1, True),
        Fault("hostile texts, build", hostile_texts, 1, True),
        Fault("a life of changes", same_content_by_changes, 1, True),
        Fault(
            "other thread counts", partial(same_content_with_other_threads, model=MODEL), 1, True
        ),
        Fault(
            "other thread counts, all models",
            partial(same_content_with_other_threads, model=""),
            1,
            True,
        ),
    ]
