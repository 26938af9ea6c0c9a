"""TensorFlow with Keras, LightGBM, myFM and Spark, started when needed: that takes seconds."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from warehouse.errors import UserError
from warehouse.settings import read_settings


@cache
def load_keras() -> Any:
    """Import Keras on TensorFlow, set to give the same result for the same seed.

    Where TensorFlow finds a GPU, it computes there.

    TensorFlow logs to standard error before its own settings for that apply, on every machine
    without a GPU; what it prints while it is imported is dropped.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with _silent_stderr():
        import keras
        import tensorflow as tf
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(read_settings().threads)
    for gpu in tf.config.list_physical_devices("GPU"):
        # As much of its memory as is needed, and not all at once
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.get_logger().setLevel("ERROR")
    return keras


@cache
def load_lightgbm() -> Any:
    """Import LightGBM.

    Its threads wait for each other asleep: where other work shares the cores, threads that
    wait awake slow it tenfold.

    Raises:
        UserError: A library of the system that LightGBM needs is missing.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import lightgbm
    except OSError as error:
        raise UserError(
            f"LightGBM does not load: {error}. It needs OpenMP, which is the package libgomp1 on"
            " Debian and Ubuntu, libgomp on Fedora and Alpine, libomp in Homebrew."
        ) from error
    return lightgbm


@cache
def load_myfm() -> Any:
    """Import myFM, without its bar of progress and the warning that an import of it is of old."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        import myfm  # type: ignore[import-untyped]

    return myfm


@cache
@contextmanager
def _silent_stderr() -> Iterator[None]:
    saved = os.dup(2)
    with open(os.devnull, "w") as devnull:  # noqa: PTH123 (os.devnull is no path on every system)
        os.dup2(devnull.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
