"""The command line says what happened and passes the command's status on."""

from pathlib import Path

import pytest

from warehouse.__main__ import main


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "w.duckdb"
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(path))
    return path


def test_a_failed_first_build(warehouse: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--start", "empty", "--", "sh", "-c", "exit 4"]) == 4
    assert capfd.readouterr().err == f"Nothing was published: {warehouse} was not made.\n"
    assert not warehouse.exists()


def test_nothing_to_train_on(warehouse: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--start", "published", "--", "true"]) == 1
    assert (
        capfd.readouterr().err == f"There is no warehouse at {warehouse}: `make build` makes one.\n"
    )


def test_a_wrong_setting_is_told_before_the_command_runs(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELHOUSE_KEEP", "x")
    assert main(["--start", "empty", "--", "echo", "it ran"]) == 1
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "KEEP=x: it must be a whole number of 0 or more.\n")


def test_a_command_that_does_not_exist(warehouse: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--start", "empty", "--", "no-such-command"]) == 1
    assert "no-such-command" in capfd.readouterr().err
