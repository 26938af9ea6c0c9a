"""TensorFlow with Keras, and LightGBM, imported when they are needed: that takes seconds."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from warehouse.errors import UserError
from warehouse.settings import read_settings

EpochReport = Callable[[int, float, float], None]
"""Takes the number of an epoch, its loss and its validation loss."""


@cache
def load_keras() -> Any:
    """Import Keras on TensorFlow, set to give the same result for the same seed.

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


def epoch_log(report: EpochReport, loss: str = "loss") -> Any:
    """Make a Keras callback that reports epochs and keeps them.

    Args:
        report: Called after each epoch.
        loss: What Keras calls the loss to keep: its own holds penalties, a metric does not.

    Returns:
        A callback whose ``rows`` are one an epoch: ``epoch`` (from 1), ``loss``, ``val_loss``,
        ``seconds``.
    """

    class EpochLog(load_keras().callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.rows: list[dict[str, float]] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds = time.perf_counter() - self.began
            value, val_value = float(logs[loss]), float(logs[f"val_{loss}"])
            self.rows.append(
                {"epoch": epoch + 1, "loss": value, "val_loss": val_value, "seconds": seconds}
            )
            report(epoch + 1, value, val_value)

    return EpochLog()
