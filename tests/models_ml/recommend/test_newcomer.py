"""Somebody new is folded into the models as if they had trained on the same ratings."""

from pathlib import Path

import numpy as np
from rich.cells import cell_len

from models_ml.recommend.newcomer import recommend
from models_ml.recommend.page import WIDTH
from tests.models_ml.recommend.conftest import Ask
from tests.pipeline import Pipeline
from warehouse.publishing import models_folder


def test_somebody_new_is_folded_in(sample: Pipeline, ask_warehouse: Ask, tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("title,rating\nthe godfather,5\ngoodfellas,5\ntoy story,2\n")

    status, page, errors = ask_warehouse("--ratings", str(path))

    assert (status, errors) == (0, "")
    assert max(cell_len(line.rstrip()) for line in page.splitlines()) <= WIDTH
    above, _, below = page.partition("Movies to see next")
    assert above.startswith("3 ratings, beside")
    assert "because you rated" in below and "The Godfather (1972) 5.0" in below
    listed = [line for line in below.splitlines() if line[:2].strip().isdecimal()]
    assert len(listed) == 20
    assert not any(
        f"  {rated}  " in line
        for line in listed
        for rated in ("The Godfather (1972)", "Goodfellas (1990)", "Toy Story (1995)")
    )


def test_the_same_ratings_as_a_users_give_much_the_same_predictions(
    sample: Pipeline, tmp_path: Path
) -> None:
    """Folding in solves for the vector that training has approached."""
    ratings = dict(sample.rows("select movie_id, rating from core.fct_ratings where user_id = 200"))
    expected = dict(
        sample.rows(
            "select title, prediction from predictions.current_predictions"
            " inner join core.dim_movies using (movie_id) where user_id = 200"
        )
    )
    with sample.connect() as connection:
        rated, suggestions = recommend(connection, models_folder(sample.warehouse), ratings)
    assert len(suggestions) == 20
    differences = [row.prediction - expected[row.title] for row in rated]
    assert np.abs(differences).mean() < 0.3
