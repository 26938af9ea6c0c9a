"""Published states are kept, listed and restored; a published file is whole at every moment."""

import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline import Pipeline
from warehouse.errors import UserError
from warehouse.states import main, replace, restore, states


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("REELHOUSE_KEEP", "3")
    return tmp_path / "w.duckdb"


def publish(warehouse: Path, content: str) -> None:
    new = warehouse.with_name("new")
    with duckdb.connect(str(new)) as connection:
        connection.execute("create table state as select ? as content", [content])
    replace(warehouse, new)


def content_of(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as connection:
        ((content,),) = connection.execute("select content from state").fetchall()
    return content


def kept(warehouse: Path) -> list[tuple[int, str]]:
    return [(state.number, content_of(state.path)) for state in states(warehouse)]


def test_the_last_three_replaced_files_are_kept_the_latest_first(warehouse: Path) -> None:
    for content in "abcde":
        publish(warehouse, content)

    assert content_of(warehouse) == "e"
    assert kept(warehouse) == [(4, "d"), (3, "c"), (2, "b")]


def test_the_latest_state_is_restored_and_what_it_replaced_is_kept(warehouse: Path) -> None:
    for content in "abc":
        publish(warehouse, content)
    assert restore(warehouse, None).number == 2

    assert content_of(warehouse) == "b"
    assert kept(warehouse) == [(3, "c"), (1, "a")]
    assert restore(warehouse, None).number == 3
    assert content_of(warehouse) == "c"


def test_a_state_is_restored_by_its_number(warehouse: Path) -> None:
    for content in "abcd":
        publish(warehouse, content)
    restore(warehouse, 1)

    assert content_of(warehouse) == "a"
    assert kept(warehouse) == [(4, "d"), (3, "c"), (2, "b")]


def test_no_state_needs_to_be_kept(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in "abc":
        publish(warehouse, content)
    monkeypatch.setenv("REELHOUSE_KEEP", "0")
    publish(warehouse, "d")

    assert kept(warehouse) == []


@pytest.mark.parametrize("value", ["-1", "many", ""])
def test_a_wrong_number_of_states_is_said_before_anything_changes(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    publish(warehouse, "a")
    monkeypatch.setenv("REELHOUSE_KEEP", value)

    with pytest.raises(UserError, match=f"KEEP={value}: it must be a whole number"):
        publish(warehouse, "b")
    assert content_of(warehouse) == "a"


def test_a_crash_before_the_rename_keeps_no_state_twice(warehouse: Path) -> None:
    publish(warehouse, "a")
    (warehouse.with_name("w.states")).mkdir()
    (warehouse.with_name("w.states") / "1.duckdb").hardlink_to(warehouse)
    publish(warehouse, "b")

    assert kept(warehouse) == [(1, "a")]


def test_a_disk_without_hard_links_gets_copies(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*paths: Path) -> None:
        raise OSError("not supported")

    monkeypatch.setattr("os.link", no_links)
    for content in "ab":
        publish(warehouse, content)

    assert kept(warehouse) == [(1, "a")]


@settings(max_examples=12, deadline=None)
@given(steps=st.lists(st.one_of(st.just("publish"), st.integers(1, 8)), max_size=12))
def test_no_published_state_within_the_last_three_is_ever_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str | int]
) -> None:
    """A model of the folder: a list of contents, the latest first."""
    warehouse = tmp_path_factory.mktemp("states") / "w.duckdb"
    current: str | None = None
    earlier: list[str] = []
    numbers: dict[str, int] = {}
    for count, step in enumerate(steps):
        if isinstance(step, str):
            publish(warehouse, str(count))
            chosen = str(count)
        elif step in numbers.values():
            chosen = next(content for content in earlier if numbers[content] == step)
            restore(warehouse, step)
            earlier.remove(chosen)
        else:
            with pytest.raises(UserError):
                restore(warehouse, step)
            continue
        if current is not None:
            earlier = [current, *earlier][:3]
        current = chosen
        numbers = {content: number for number, content in kept(warehouse)}
        assert [content for _, content in kept(warehouse)] == earlier
        assert content_of(warehouse) == current


def test_without_states_or_a_warehouse_one_sentence_says_so(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--restore"]) == 1
    assert main(["--restore", "--number", "7"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [re.findall(r"no (\S+ state|state \d)", line) for line in lines] == [
        ["earlier state"],
        ["state 7"],
    ]


@pytest.mark.parametrize("number", ["0", "-1", "last", "1.5"])
def test_a_state_has_a_whole_number(capsys: pytest.CaptureFixture[str], number: str) -> None:
    assert main(["--restore", "--number", number]) == 1
    said = capsys.readouterr().err
    assert said == f"STATE={number}: it must be a whole number of 1 or more.\n"


def test_a_bad_build_is_taken_back_with_two_commands(sample: Pipeline, warehouse: Path) -> None:
    pipeline = Pipeline(warehouse.parent)
    pipeline.warehouse.write_bytes(sample.warehouse.read_bytes())
    with duckdb.connect(str(warehouse.with_name("worse.duckdb"))) as connection:
        connection.execute("create schema core")
        connection.execute("create table core.fct_ratings as select 1 as user_id")
    replace(pipeline.warehouse, warehouse.with_name("worse.duckdb"))

    listed = pipeline.make("states").stdout
    ((runs,),) = sample.rows("select count(*) from ml.runs")
    assert re.search(r"^now .* unreadable", listed, re.MULTILINE)
    assert re.search(rf"^1 .* 100,004 +{runs}$", listed, re.MULTILINE)
    assert max(map(len, listed.splitlines())) <= 80

    assert "is state 1 again" in pipeline.make("rollback").stdout
    assert pipeline.rows("select count(*) from predictions.model_leaderboard") == sample.rows(
        "select count(*) from predictions.model_leaderboard"
    )
