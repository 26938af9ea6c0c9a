"""Where Spark can start, tests may ask it."""

import pytest

from warehouse.errors import UserError
from warehouse.spark import require_spark


def _why_not() -> str:
    try:
        require_spark()
    except UserError as error:
        return str(error)
    return ""


needs_spark = pytest.mark.skipif(bool(_why_not()), reason=_why_not())
