"""Fixtures shared by the tests of loading."""

import functools
from collections.abc import Iterator
from unittest.mock import patch

import duckdb
import pytest

from warehouse.tables import source_columns


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    # Half the time of a small load goes into reading the same definitions once more
    cached = patch("warehouse.tables.source_columns", functools.cache(source_columns))
    with cached, duckdb.connect(config={"threads": 2}) as connection:
        yield connection
