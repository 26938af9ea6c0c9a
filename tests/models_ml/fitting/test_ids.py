"""Codes that stand for ids."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models_ml.fitting.ids import codes_of

IDS = st.lists(st.integers(-5, 20) | st.integers(-(2**62), 2**62), max_size=30)


@given(ids=IDS, known=st.lists(st.integers(-5, 20), unique=True))
def test_codes_are_positions_among_the_known_ids(ids: list[int], known: list[int]) -> None:
    naive = [known.index(one) if one in known else len(known) for one in ids]

    codes = codes_of(np.array(ids, dtype=np.int64), np.array(known, dtype=np.int64))

    assert codes.tolist() == naive
