"""What is shown of a user equals what SQL says."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from explorer.users import Order, anybody, frame, ordered, span
from models_ml.recommend.known import find_user, rated
from models_ml.recommend.page import Rated
from tests.pipeline import Pipeline
from warehouse.published import read_published

RATINGS = [
    Rated(5, 4.5, "A", "Drama", datetime(2020, 1, 1, tzinfo=UTC)),
    Rated(4, 1.0, "B", "War", datetime(2021, 1, 1, tzinfo=UTC)),
    Rated(4, None, "C", "War", None),
    Rated(1, 2.0, "D", "War", datetime(2019, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize(
    ("order", "titles"),
    [(Order.HIGHEST, "ABCD"), (Order.LATEST, "BADC"), (Order.FURTHEST, "BDAC")],
)
def test_ratings_may_be_ordered(order: Order, titles: str) -> None:
    assert "".join(rated.title for rated in ordered(RATINGS, order, 10)) == titles
    assert len(ordered(RATINGS, order, 2)) == 2


def test_a_frame_of_ratings_has_their_types() -> None:
    naive = [Rated(4.5, None, "A", "Drama", None), Rated(3, 3.5, "B", "", datetime(2020, 1, 1))]
    for ratings in (naive, []):
        made = frame(ratings)
        assert made.columns.tolist() == ["rating", "prediction", "title", "genres", "rated_at"]
        assert pd.api.types.is_datetime64_any_dtype(made["rated_at"])
        assert pd.api.types.is_float_dtype(made["prediction"])
        assert len(made) == len(ratings)


def test_a_user_and_the_ratings_are_those_of_the_marts(sample: Pipeline) -> None:
    with sample.connect() as connection:
        user = find_user(connection, 200)
        ratings = rated(connection, 200)
        assert span(connection) == (1, 671)
        assert 1 <= anybody(connection) <= 671
        assert find_user(connection, 0) is None
    rows = sample.rows(
        "select rating, rated_at from core.fct_ratings where user_id = 200 order by 1 desc, 2"
    )
    assert user is not None
    assert user.rating_count == len(rows) == len(ratings)
    assert sorted((-r.rating, r.rated_at) for r in ratings if r.rated_at) == [
        (-rating, moment) for rating, moment in rows
    ]
    assert user.first_rated_at == min(moment for _, moment in rows)
    ((name,),) = sample.rows(
        "select name from predictions.segment_profiles inner join ml.user_segments"
        " using (run_id, segment) where user_id = 200"
    )
    assert user.segment_name == name


def test_without_models_a_user_has_no_segment_and_no_predictions(marked: Pipeline) -> None:
    with read_published(marked.warehouse) as connection:
        user = find_user(connection, 1)
        ratings = rated(connection, 1)
    assert user is not None
    assert (user.segment, user.segment_name) == (None, None)
    assert [movie.prediction for movie in ratings] == [None] * 6
