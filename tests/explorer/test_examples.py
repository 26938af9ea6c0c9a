"""Each example runs within the limits of the query box and finds something to draw."""

import pytest

from explorer.examples import EXAMPLES
from explorer.query_process import run
from tests.pipeline import Pipeline
from warehouse.published import read_published


@pytest.mark.parametrize("question", EXAMPLES)
def test_an_example_has_an_answer(sample: Pipeline, question: str) -> None:
    with read_published(sample.warehouse) as connection:
        table, is_cut = run(connection, EXAMPLES[question])
    assert table.num_rows >= 2
    assert not is_cut
