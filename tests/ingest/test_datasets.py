"""Datasets by name, against a local server that misbehaves on request."""

import csv
import functools
import hashlib
import io
import os
import random
import socket
import stat
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from ingest import datasets
from ingest.datasets import dataset_folder
from warehouse.errors import UserError

NAME = "ml-1m"
README = b"A licence to read.\n"
# Random digits, so that the zip stays larger than several chunks and can be cut inside.
RATINGS = b"userId,movieId,rating\n" + random.Random(0).randbytes(300_000).hex().encode()


def make_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as zipped:
        for name, content in members.items():
            info = zipfile.ZipInfo()
            info.filename = name  # set late: the constructor would mend some of the names
            info.compress_type = method
            zipped.writestr(info, content)
    return buffer.getvalue()


@functools.cache
def make_release(inner: str = NAME) -> bytes:
    return make_zip(
        {f"{inner}/": b"", f"{inner}/ratings.csv": RATINGS, f"{inner}/README.txt": README}
    )


@dataclass
class Site:
    """What the server holds, how it misbehaves, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)  # bytes of body before the cut, a request each
    statuses: list[int] = field(default_factory=list)  # answered instead, a request each
    ranges: bool = True
    shift: int = 0  # how far a partial answer starts from the place that was asked for
    window: int | None = None  # the most bytes that a partial answer carries
    silent: threading.Event | None = None  # never answers until it is set
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def publish(self, name: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files[f"/{name}.zip"] = content
        monkeypatch.setitem(datasets.PUBLISHED_MD5, name, hashlib.md5(content).hexdigest())

    @property
    def asked_ranges(self) -> list[str | None]:
        return [asked for path, asked in self.asked if path.endswith(".zip")]


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            site.asked.append((self.path, asked))
            if site.silent:
                site.silent.wait(5)
                return
            if site.statuses:
                self.answer(site.statuses.pop(0), b"", {"Location": f"{site.url}/elsewhere"})
                return
            content = site.files.get(self.path)
            if content is None:
                self.answer(404, b"not here")
            elif asked and site.ranges:
                start = int(asked.removeprefix("bytes=").removesuffix("-")) + site.shift
                size = len(content)
                if start >= size:
                    self.answer(416, b"", {"Content-Range": f"bytes */{size}"})
                else:
                    body = content[start:][: site.window]
                    span = f"bytes {start}-{start + len(body) - 1}/{size}"
                    self.answer(206, body, {"Content-Range": span})
            else:
                self.answer(200, content)

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            sent = site.cuts.pop(0) if site.cuts and status in (200, 206) else len(body)
            self.wfile.write(body[:sent])

    return Handler


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setattr(datasets, "BASE_URL", site.url)
    monkeypatch.setattr(datasets, "RETRY_PAUSES", (0.0, 0.0, 0.0))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def release(site: Site, monkeypatch: pytest.MonkeyPatch) -> bytes:
    content = make_release()
    site.publish(NAME, content, monkeypatch)
    return content


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=60)


Refusal = Callable[[str], str]


@pytest.fixture
def refusal(data_dir: Path, console: Console) -> Refusal:
    """Ask for a dataset that must be refused; give the message, with nothing half done left."""

    def ask(name: str) -> str:
        with pytest.raises(UserError) as refused:
            dataset_folder(name, data_dir, console)
        left = {path.name for path in data_dir.iterdir()} if data_dir.exists() else set()
        assert left <= {f"{name}.zip.part"}
        message = str(refused.value)
        assert message.endswith(".") and "\n" not in message
        return message

    return ask


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_whole(folder: Path, data_dir: Path, name: str = NAME) -> None:
    assert folder == data_dir / name
    assert files_in(folder) == {"ratings.csv": RATINGS, "README.txt": README}
    assert [path.name for path in data_dir.iterdir()] == [name]


# Names and folders


def test_the_product_speaks_https_only() -> None:
    assert datasets.BASE_URL.startswith("https://")


def test_a_folder_is_returned_as_given(tmp_path: Path, data_dir: Path, console: Console) -> None:
    assert dataset_folder(str(tmp_path), data_dir, console) == tmp_path
    assert not data_dir.exists()


@pytest.mark.parametrize("dataset", ["ml-2m", "", "no/such/folder", "../ml-1m.zip"])
def test_an_unknown_dataset_names_the_known_ones(dataset: str, refusal: Refusal) -> None:
    message = refusal(dataset)
    assert "folder" in message and "sample" in message
    assert all(name in message for name in datasets.RELEASES)


# The sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset_folder("sample", tmp_path_factory.mktemp("data"), Console(quiet=True))


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_sample_has_its_known_counts(sample: Path) -> None:
    assert sorted(files_in(sample)) == ["movies.csv", "ratings.csv"]
    ratings, movies = read_csv(sample / "ratings.csv"), read_csv(sample / "movies.csv")
    assert list(ratings[0]) == ["userId", "movieId", "rating", "timestamp"]
    assert list(movies[0]) == ["movieId", "title", "genres"]
    assert len(ratings) == 100_004
    assert len({row["userId"] for row in ratings}) == 671
    assert len(movies) == len({row["movieId"] for row in movies}) == 9_066
    assert {row["movieId"] for row in ratings} == {row["movieId"] for row in movies}
    assert sum(row["title"] == "" for row in movies) == 5


def test_the_sample_has_movielens_form_and_order(sample: Path) -> None:
    ratings, movies = read_csv(sample / "ratings.csv"), read_csv(sample / "movies.csv")
    keys = [(int(row["userId"]), int(row["movieId"])) for row in ratings]
    assert keys == sorted(keys)
    ids = [int(row["movieId"]) for row in movies]
    assert ids == sorted(ids)
    assert movies[0] == {
        "movieId": "1",
        "title": "Toy Story (1995)",
        "genres": "Adventure|Animation|Children|Comedy|Fantasy",
    }
    assert ratings[0] == {
        "userId": "1",
        "movieId": "31",
        "rating": "2.5",
        "timestamp": "1260759144",
    }
    assert {row["rating"] for row in ratings} == {f"{half / 2:.1f}" for half in range(1, 11)}


def test_the_sample_is_written_once_and_always_the_same(
    sample: Path, data_dir: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files_in(dataset_folder("sample", data_dir, console)) == files_in(sample)
    monkeypatch.setattr(datasets, "_write_sample", lambda _: pytest.fail("written twice"))
    dataset_folder("sample", data_dir, console)
    assert [path.name for path in data_dir.iterdir()] == ["sample"]


def test_a_sample_that_fails_midway_leaves_nothing(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", replace)
    assert "No space left on device" in refusal("sample")


def test_a_place_that_cannot_be_written_is_named(data_dir: Path, console: Console) -> None:
    data_dir.write_text("a file where the folder should be")
    with pytest.raises(UserError, match="could not be written to"):
        dataset_folder("sample", data_dir, console)


# Downloads that go well, at last


def test_a_release_is_downloaded_once(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert site.asked == [(f"/{NAME}.zip", None)]
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert len(site.asked) == 1
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert datasets.LICENCE_NOTE in shown
    assert f"{NAME}.zip" in shown and "kB" in shown


def test_the_inner_folder_may_have_another_name(
    site: Site, data_dir: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish("ml-10m", make_release("ml-10M100K"), monkeypatch)
    assert_whole(dataset_folder("ml-10m", data_dir, console), data_dir, "ml-10m")


@pytest.mark.parametrize(
    "members",
    [["ratings.csv", "more/tags.csv"], ["a/ratings.csv", "b/movies.csv"], ["ratings.csv"]],
)
def test_without_one_inner_folder_the_layout_stays(
    members: list[str],
    site: Site,
    data_dir: Path,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site.publish(NAME, make_zip(dict.fromkeys(members, b"x")), monkeypatch)
    folder = dataset_folder(NAME, data_dir, console)
    assert files_in(folder) == dict.fromkeys(members, b"x")


@pytest.mark.parametrize("text", ["MD5 ({name}.zip) = {md5}\n", "{md5}  {name}.zip\n", "{MD5}"])
@pytest.mark.parametrize("name", ["ml-latest", "ml-latest-small"])
def test_a_changing_release_is_verified_by_the_published_file(
    name: str, text: str, site: Site, data_dir: Path, console: Console
) -> None:
    content = make_release(name)
    md5 = hashlib.md5(content).hexdigest()
    site.files[f"/{name}.zip"] = content
    site.files[f"/{name}.zip.md5"] = text.format(name=name, md5=md5, MD5=md5.upper()).encode()
    assert_whole(dataset_folder(name, data_dir, console), data_dir, name)


@pytest.mark.parametrize("cuts", [[200_000], [100_000, 100_000]])
def test_a_cut_download_goes_on_from_where_it_stopped(
    cuts: list[int], site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    site.cuts = cuts.copy()
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    first, *later = site.asked_ranges
    assert first is None
    starts = [int((asked or "").removeprefix("bytes=").removesuffix("-")) for asked in later]
    assert len(starts) == len(cuts)
    # Bytes on their way when the cut came may be lost, but no more than a chunk of them.
    received = 0
    for start, cut in zip(starts, cuts, strict=True):
        assert received + cut - datasets.CHUNK_BYTES <= start <= received + cut
        received = start


def test_a_range_that_ends_early_is_not_the_end(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    site.cuts, site.window = [100_000], 200_000
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert len(site.asked) == 3


def test_a_later_call_goes_on_with_an_earlier_part(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    data_dir.mkdir()
    (data_dir / f"{NAME}.zip.part").write_bytes(release[:150_000])
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert site.asked_ranges == ["bytes=150000-"]


def test_a_server_without_ranges_starts_over(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    site.ranges = False
    site.cuts = [200_000]
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert len(site.asked) == 2


@pytest.mark.parametrize("extra", [0, 7])
def test_a_part_that_is_too_long_starts_over(
    extra: int, site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    data_dir.mkdir()
    (data_dir / f"{NAME}.zip.part").write_bytes(release + bytes(extra))
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert site.asked_ranges == [f"bytes={len(release) + extra}-", None]


def test_an_answer_from_the_wrong_place_starts_over(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    site.cuts, site.shift = [200_000], 5
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert site.asked_ranges[-1] is None


def test_a_busy_server_is_asked_again(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    site.statuses = [503, 429]
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)


# Downloads that fail


def test_a_wrong_checksum_is_refused(
    site: Site, release: bytes, data_dir: Path, refusal: Refusal
) -> None:
    changed = release[:-1] + b"!"
    site.files[f"/{NAME}.zip"] = changed
    message = refusal(NAME)
    assert f"{NAME}.zip" in message
    assert hashlib.md5(changed).hexdigest() in message
    assert datasets.PUBLISHED_MD5[NAME] in message
    assert list(data_dir.iterdir()) == []


def test_a_part_of_another_file_is_refused_and_forgotten(
    site: Site, release: bytes, data_dir: Path, refusal: Refusal, console: Console
) -> None:
    data_dir.mkdir()
    (data_dir / f"{NAME}.zip.part").write_bytes(bytes(1000))
    assert "checksum" in refusal(NAME)
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)


def test_a_download_that_is_always_cut_is_given_up(
    site: Site, release: bytes, refusal: Refusal, data_dir: Path, console: Console
) -> None:
    site.cuts = [1000] * 100
    message = refusal(NAME)
    assert len(site.asked) == len(datasets.RETRY_PAUSES)
    assert "cut" in message and "by hand" in message and "DATASET=sample" in message
    site.cuts = []
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)


def test_a_missing_file_is_not_asked_for_again(
    site: Site, refusal: Refusal, data_dir: Path
) -> None:
    message = refusal(NAME)
    assert len(site.asked) == 1
    assert "404" in message and str(data_dir / NAME) in message and "DATASET=sample" in message


def test_a_redirect_is_not_followed(site: Site, release: bytes, refusal: Refusal) -> None:
    site.statuses = [302]
    assert "302" in refusal(NAME)
    assert len(site.asked) == 1


def test_a_refused_connection_is_told(refusal: Refusal, site: Site, monkeypatch) -> None:
    with socket.socket() as held:  # bound and not listening: nobody answers there
        held.bind(("127.0.0.1", 0))
        monkeypatch.setattr(datasets, "BASE_URL", f"http://127.0.0.1:{held.getsockname()[1]}")
        assert "connection" in refusal(NAME)


def test_a_silent_server_is_given_up(
    site: Site, release: bytes, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "TIMEOUTS", (1.0, 0.1))
    site.silent = threading.Event()
    try:
        assert "in time" in refusal(NAME)
    finally:
        site.silent.set()


@pytest.mark.parametrize(
    "text", [b"", b"<html>busy</html>", b"MD5 = 1234", hashlib.sha256(b"").hexdigest().encode()]
)
def test_a_checksum_file_without_a_checksum_is_refused(
    text: bytes, site: Site, refusal: Refusal
) -> None:
    site.files["/ml-latest.zip"] = make_release("ml-latest")
    site.files["/ml-latest.zip.md5"] = text
    assert "no MD5 checksum" in refusal("ml-latest")
    assert [path for path, _ in site.asked] == ["/ml-latest.zip.md5"]


def test_a_missing_checksum_file_is_refused(site: Site, refusal: Refusal) -> None:
    site.files["/ml-latest.zip"] = make_release("ml-latest")
    assert "404" in refusal("ml-latest")


# Archives that are refused


@pytest.fixture
def refusal_of_zip(site: Site, refusal: Refusal, data_dir: Path, monkeypatch) -> Callable:
    """Publish an archive with its right checksum; give the message that refuses it."""

    def publish(content: bytes) -> str:
        site.publish(NAME, content, monkeypatch)
        message = refusal(NAME)
        assert list(data_dir.iterdir()) == []
        # Nothing escaped upwards either.
        assert [path.name for path in data_dir.parent.iterdir()] == ["data"]
        return message

    return publish


@pytest.mark.parametrize(
    "evil",
    [
        "../evil",
        f"{NAME}/../../evil",
        f"{NAME}/..",
        "..",
        "/evil",
        "//host/evil",
        "C:/evil",
        "C:evil",
        "..\\evil",
        f"{NAME}\\evil",
        "\\evil",
        f"{NAME}/.. /evil",
        f"{NAME}/./evil",
        f"{NAME}//evil",
    ],
)
def test_a_member_that_could_leave_the_folder_damns_the_archive(
    evil: str, refusal_of_zip: Callable
) -> None:
    message = refusal_of_zip(make_zip({f"{NAME}/ratings.csv": RATINGS, evil: b"evil"}))
    assert repr(evil) in message and "leave the folder" in message


def test_a_name_with_a_hidden_end_is_refused(refusal_of_zip: Callable) -> None:
    # zipfile would write this one as `a`, and not show the rest.
    assert "leave the folder" in refusal_of_zip(make_zip({"a\0evil": b"x"}))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(kind: int, refusal_of_zip: Callable) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        info = zipfile.ZipInfo(f"{NAME}/ratings.csv")
        info.external_attr = (kind | 0o777) << 16
        zipped.writestr(info, "/etc/passwd")
    assert "link" in refusal_of_zip(buffer.getvalue())


def patched(content: bytes, offset: int, value: bytes) -> bytes:
    """Change the first entry of an archive's central directory."""
    at = content.index(b"PK\x01\x02") + offset
    return content[:at] + value + content[at + len(value) :]


def test_a_name_that_is_no_text_is_refused(refusal_of_zip: Callable) -> None:
    assert "not a zip" in refusal_of_zip(patched(make_zip({"é": b"x"}), 46, b"\xff"))


def test_encrypted_members_are_refused(refusal_of_zip: Callable) -> None:
    assert "encrypted" in refusal_of_zip(patched(make_zip({"a": b"x"}), 8, b"\x01\x00"))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(method: int, refusal_of_zip: Callable) -> None:
    assert "unusual" in refusal_of_zip(make_zip({"a": b"x"}, method))


def test_a_bomb_is_refused_by_the_bytes_it_gives(
    refusal_of_zip: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = make_zip({"a/1": bytes(600_000), "a/2": bytes(600_000)})
    assert len(bomb) < 2_000
    assert "more than 1,000,000 bytes" in refusal_of_zip(bomb)


def test_what_unpacks_to_a_hundred_times_its_size_is_refused(refusal_of_zip: Callable) -> None:
    assert "more than 16,777,216 bytes" in refusal_of_zip(make_zip({"a": bytes(17 << 20)}))


@pytest.mark.parametrize("announced", [10, 1_000_000, 0xFFFFFFFE])
def test_a_size_that_is_not_as_announced_is_refused(
    announced: int, refusal_of_zip: Callable
) -> None:
    honest = make_zip({"a": bytes(500_000)})
    refusal_of_zip(patched(honest, 24, announced.to_bytes(4, "little")))


def test_too_many_members_are_refused(
    refusal_of_zip: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "MAX_MEMBERS", 3)
    assert "more than 3 members" in refusal_of_zip(make_zip(dict.fromkeys("abcd", b"")))


@pytest.mark.parametrize("names", [["a", "a/b"], ["a/b", "a"], ["a/b/c", "a/b"], ["a", "a/b/c"]])
def test_a_file_that_is_a_folder_too_is_refused(names: list[str], refusal_of_zip: Callable) -> None:
    assert "twice" in refusal_of_zip(make_zip({"z": b"", **dict.fromkeys(names, b"x")}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_doubled_member_is_refused(refusal_of_zip: Callable) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("a", "x")
        zipped.writestr("a", "y")
    assert "twice" in refusal_of_zip(buffer.getvalue())


@pytest.mark.parametrize(
    "content", [b"", b"<html>hello</html>", make_zip({}), make_zip({"a/": b""})]
)
def test_what_holds_no_files_is_refused(content: bytes, refusal_of_zip: Callable) -> None:
    refusal_of_zip(content)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(
    share: float, release: bytes, refusal_of_zip: Callable
) -> None:
    assert "not a zip" in refusal_of_zip(release[: int(len(release) * share)])


def test_a_damaged_archive_is_refused_or_right(tmp_path: Path) -> None:
    """Whatever byte is wrong, the outcome is a sentence or nothing but true content."""
    members = {"a/ratings.csv": b"userId,movieId\n1,2\n" * 9, "a/movies.csv": b"movieId\n2\n"}
    whole = make_zip(members)
    outcomes = Counter[bool]()
    for at in range(len(whole)):
        for cut, content in (
            (True, whole[:at]),
            (False, whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]),
        ):
            archive, folder = tmp_path / "a.zip", tmp_path / f"{at}{cut}"
            archive.write_bytes(content)
            try:
                datasets._unpack(archive, folder)
            except UserError:
                assert not folder.exists()
                outcomes[False] += 1
            else:
                # A wrong length in the directory can hide a member: only the checksum sees that.
                assert set(files_in(folder).values()) <= set(members.values())
                assert not cut
                outcomes[True] += 1
    assert outcomes[False] > outcomes[True] > 0


NAME_PARTS = st.sampled_from(["..", ".", "", "a", "b.csv", "C:", ".. ", "...", "\0", "~", "nul:"])


@given(
    st.lists(NAME_PARTS | st.text(max_size=4), max_size=5).flatmap(
        lambda parts: st.sampled_from(["/", "\\", "//"]).map(lambda joint: joint.join(parts))
    )
)
@example("../a")
@example("a/b.csv")
@example("a\0b")
def test_a_name_called_safe_stays_inside_on_any_system(name: str) -> None:
    if not datasets._is_safe_name(name):
        return
    inside = os.path.normpath(f"/data/x/{name}")
    assert inside.startswith("/data/x/") and "\0" not in name
    windows = PureWindowsPath(name)
    assert not windows.drive and not windows.root
    assert all(part.rstrip(". ") for part in windows.parts)
    assert PurePosixPath(name).parts == windows.parts


@given(st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,8}(\.[a-z]{1,4})?", fullmatch=True), min_size=1))
def test_ordinary_names_are_safe(parts: list[str]) -> None:
    assert datasets._is_safe_name("/".join(parts))
    assert datasets._is_safe_name("/".join(parts) + "/")


# Crashes in between


class Killed(BaseException):
    """Stands for the end of the process: nothing handles it."""


def test_a_crash_before_unpacking_needs_no_second_download(
    site: Site, release: bytes, data_dir: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(datasets, "_unpack", die)
        dataset_folder(NAME, data_dir, console)
    assert [path.name for path in data_dir.iterdir()] == [f"{NAME}.zip"]
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert len(site.asked) == 1


def test_a_zip_under_the_final_name_is_verified_too(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    data_dir.mkdir()
    (data_dir / f"{NAME}.zip").write_bytes(make_zip({"ratings.csv": b"false"}))
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)
    assert len(site.asked) == 1


def test_a_crash_while_unpacking_leaves_no_dataset(
    site: Site, release: bytes, data_dir: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_member = datasets._write_member

    def die_at_the_second(zipped, member, *rest) -> int:
        if member.filename.endswith("README.txt"):
            raise Killed
        return write_member(zipped, member, *rest)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(datasets, "_write_member", die_at_the_second)
        dataset_folder(NAME, data_dir, console)
    assert [path.name for path in data_dir.iterdir()] == [f"{NAME}.zip"]
    assert_whole(dataset_folder(NAME, data_dir, console), data_dir)


def test_what_a_killed_process_left_is_not_taken_for_the_dataset(
    site: Site, release: bytes, data_dir: Path, console: Console
) -> None:
    left = data_dir / f".{NAME}-killed" / NAME
    left.mkdir(parents=True)
    (left / "ratings.csv").write_bytes(RATINGS[:10])
    folder = dataset_folder(NAME, data_dir, console)
    assert files_in(folder) == {"ratings.csv": RATINGS, "README.txt": README}


def test_of_two_makers_the_first_one_wins(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    with datasets._new_folder(folder) as slow:
        (slow / "file").write_text("slow")
        with datasets._new_folder(folder) as quick:
            (quick / "file").write_text("quick")
    assert files_in(folder) == {"file": b"quick"}
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
