"""Both engines build the same of hostile data, which each loads by itself."""

from pathlib import Path

import pytest

from benchmarks.parity import check, page
from tests.spark import needs_spark


@needs_spark
def test_hostile_data_becomes_the_same_on_both_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.setenv(name, str(tmp_path / name))
    parity = check("hostile", tmp_path, is_trained=False)
    assert [each.difference for each in parity.relations if each.difference] == []
    counts = {each.relation: each.counts for each in parity.relations}
    assert counts["raw.rejected_lines"][1] > 0
    assert counts["core.fct_ratings"][1] > 0
    assert "| `core.fct_ratings` |" in page([parity], "make parity")
