"""Codes that stand for ids."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models_ml.fitting.ids import codes_of

IDS = st.lists(st.integers(-5, 20), max_size=30)


@given(ids=IDS, known=st.sets(st.integers(-5, 20), min_size=1))
def test_codes_are_places_among_the_known_ids(ids: list[int], known: set[int]) -> None:
    ordered = sorted(known)
    naive = [ordered.index(one) if one in known else len(ordered) for one in ids]

    codes = codes_of(np.array(ids, dtype=np.int64), np.array(ordered))

    assert codes.tolist() == naive
