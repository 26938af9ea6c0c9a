"""Ids are taken out of rows exactly, and codes stand for them."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from models_ml.fitting.ids import codes_of, ids_and_ratings, ids_of

IDS = st.lists(st.integers(-5, 20) | st.integers(-(2**62), 2**62), max_size=30)


@given(ids=IDS, known=st.lists(st.integers(-5, 20), unique=True))
def test_codes_are_positions_among_the_known_ids(ids: list[int], known: list[int]) -> None:
    naive = [known.index(one) if one in known else len(known) for one in ids]

    codes = codes_of(np.array(ids, dtype=np.int64), np.array(known, dtype=np.int64))

    assert codes.tolist() == naive


def test_ids_keep_their_order_and_every_digit() -> None:
    largest = 2**63 - 1  # as a float it would be another id
    rows = pd.DataFrame({"movie_id": [largest, 3], "rating": [4.5, 2], "user_id": [7, largest - 1]})

    ids, ratings = ids_and_ratings(rows)

    assert ids.dtype == ids_of(rows).dtype == np.int64
    assert ids.tolist() == ids_of(rows).tolist() == [[7, largest], [largest - 1, 3]]
    assert ratings.dtype == np.float64
    assert ratings.tolist() == [4.5, 2.0]


def test_no_rows_have_ids_of_two_columns_all_the_same() -> None:
    rows = pd.DataFrame({"user_id": [], "movie_id": []})

    assert ids_of(rows).shape == (0, 2)
    assert ids_of(rows).dtype == np.int64
