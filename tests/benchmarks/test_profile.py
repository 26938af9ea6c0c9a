"""The profile of a build, from what dbt left behind."""

import json
from pathlib import Path

from benchmarks.profile import profile_of, report


def test_seconds_are_summed_by_folder_and_those_of_tests_apart(tmp_path: Path) -> None:
    nodes = {
        "model.a": ("model", "models/marts/core/a.sql"),
        "model.b": ("model", "models/marts/core/b.sql"),
        "test.t": ("test", "models/marts/core/a.yml"),
    }
    manifest = {
        name: {"resource_type": kind, "original_file_path": path, "name": name[-1]}
        for name, (kind, path) in nodes.items()
    }
    results = [
        {"unique_id": name, "execution_time": seconds}
        for name, seconds in [("model.a", 1.5), ("model.b", 2.0), ("test.t", 0.25), ("hook", 9)]
    ]
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": manifest}))
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))

    profile = profile_of(tmp_path)
    page = report(1000, ["old", "new"], [{("models/marts/core", "a"): 3.0}, profile])

    assert profile == {
        ("models/marts/core", "a"): 1.5,
        ("models/marts/core", "b"): 2.0,
        ("tests", "t"): 0.25,
    }
    assert "| a | 3.00 | 1.50 |" in page
    assert "| b |  | 2.00 |" in page
    assert "| models/marts/core | 3.0 | 3.5 |" in page
    assert "| **all** | **3.0** | **3.8** |" in page
    assert "There were 0 tests of data before, and there are 1 after." in page
