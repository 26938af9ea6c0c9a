"""Fixtures shared by the tests of `make recommend`."""

from collections.abc import Callable

import pytest

from models_ml.recommend.__main__ import main
from tests.pipeline import Pipeline

Ask = Callable[..., tuple[int, str, str]]
"""Runs the command in this process and gives its status, its page and its errors."""


@pytest.fixture
def ask_warehouse(
    sample: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ask:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", str(sample.warehouse))

    def ask(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return ask
