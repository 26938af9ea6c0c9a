"""Build and train with other numbers of threads: what comes out is the same."""

import shutil
from pathlib import Path

from torture.lab import BrokenError, Lab, make
from warehouse.equality import NEAR_ZERO, TOLERANCE, differences

TOLERANCE_OF_NETWORKS = 1e-4
NEAR_ZERO_OF_NETWORKS = 1e-5
"""Of floats, for all that TensorFlow has a part in: it computes in single precision."""


def same_content_with_other_threads(lab: Lab, model: str) -> None:
    """Build and train twice, with one thread and with three, and compare every relation.

    Args:
        lab: The lab, whose first dataset is built.
        model: The model to train; all of them where it is empty.
    """
    networks = (TOLERANCE_OF_NETWORKS, NEAR_ZERO_OF_NETWORKS)
    tolerances = (TOLERANCE, NEAR_ZERO) if model else networks
    one, three = (_trained(lab, threads, model) for threads in (1, 3))
    if found := differences(one, three, *tolerances):
        raise BrokenError(f"differ by the number of threads: {'; '.join(found)}")


def _trained(lab: Lab, threads: int, model: str) -> Path:
    warehouse = lab.folder / f"threads-{threads}" / "w.duckdb"
    shutil.rmtree(warehouse.parent, ignore_errors=True)
    warehouse.parent.mkdir()
    lab.succeed(make("build", WAREHOUSE=warehouse, THREADS=threads, DATASET=lab.folder / "a"))
    lab.succeed(make("train", WAREHOUSE=warehouse, THREADS=threads, MODEL=model))
    return warehouse
