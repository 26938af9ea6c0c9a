"""The explorer starts on this machine alone, or says in a sentence why it does not."""

import os
from pathlib import Path

import pytest

from explorer.__main__ import HOST, command, main
from tests.explorer.conftest import Explore
from tests.test_makefile import make


def test_make_explore_without_a_warehouse_is_one_sentence(tmp_path: Path) -> None:
    result = make("explore", f"WAREHOUSE={tmp_path / 'none.duckdb'}")
    assert result.returncode != 0
    sentence, _ = result.stderr.strip().splitlines()
    assert (
        sentence == f"There is no warehouse at {tmp_path / 'none.duckdb'}: `make build` makes one."
    )


@pytest.mark.parametrize("port", ["80", "x", "70000", "-1", "8501.0"])
def test_a_wrong_port_is_named(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", port]) == 1
    assert capsys.readouterr().err.startswith(f"PORT={port}: it must be a whole number")


def test_nobody_else_can_reach_it_and_nothing_is_sent() -> None:
    line = command(None, None)
    assert f"--server.address={HOST}" in line
    assert f"--server.allowedHosts={HOST}" in line
    assert "--server.enableCORS=true" in line
    assert "--server.enableXsrfProtection=true" in line
    assert "--browser.gatherUsageStats=false" in line
    assert "--server.showEmailPrompt=false" in line
    assert not any("port" in option.lower() or "headless" in option for option in line[4:])


def test_port_and_browser_can_be_chosen() -> None:
    line = command(8600, True)
    assert line[-2:] == ["--server.port=8600", "--server.headless=true"]


def test_a_sound_warehouse_is_handed_to_streamlit(
    plain_file: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    explore(plain_file)
    started = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    main(["--no-headless"])
    ((program, line, environment),) = started
    assert line == command(None, False)
    assert program == line[0]
    assert environment["REELHOUSE_WAREHOUSE"] == str(plain_file)
