"""What the page for analysts shows runs on a trained warehouse, block after block."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.pipeline import ROOT, Pipeline

BLOCKS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "first_five.md").read_text("utf-8"), re.DOTALL
)


def test_each_of_the_five_runs(
    sample: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(BLOCKS) == 5
    (tmp_path / "warehouse.duckdb").symlink_to(sample.warehouse)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in BLOCKS:
        exec(compile(block, "first_five.md", "exec"), names)
    assert {"movie_scores", "fct_ratings"} <= set(names["relations"]["table_name"])
    assert list(names["best"]["title"][:2]) == [
        "Shawshank Redemption, The (1994)",
        "Godfather, The (1972)",
    ]
    assert "Drama" in (tmp_path / "genres.html").read_text("utf-8")
    ((mae,),) = sample.rows(
        "select value from predictions.model_leaderboard where model = 'boosting'"
        " and protocol = 'random' and metric = 'mae' and slice = 'genre: Drama'"
    )
    errors = names["errors"].set_index("genre")["mae"]
    assert errors["Drama"] == pytest.approx(mae)
    similar = sample.rows(
        "select similar_title from predictions.similar_movies where title = 'Toy Story (1995)'"
    )
    assert set(names["like_it"]) & {title for (title,) in similar}
    assert isinstance(names["relations"], pd.DataFrame)
