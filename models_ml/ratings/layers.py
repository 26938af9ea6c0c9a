"""The layers of a network as a table: what ``ml.network_layers`` holds, and the drawing shows."""

import math
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import keras


def network_layers(network: "keras.Model") -> pd.DataFrame:
    """List the layers of a Keras model, its inputs first, each after those that it reads.

    Args:
        network: A model of layers that each stand in it once.

    Returns:
        One row per layer: ``position`` (from 1), ``layer`` (its name), ``kind`` (Keras' class),
        ``output_shape`` (what it gives for one rating, in words), ``weight_count``, ``is_trained``
        (whether training changes its weights, false where it has none) and ``inputs`` (the names
        of the layers that it reads).
    """
    ordered = sorted(network.layers, key=lambda layer: _kind(layer) != "Input")
    return pd.DataFrame(
        [
            {
                "position": position,
                "layer": layer.name,
                "kind": _kind(layer),
                "output_shape": _shape(layer.output.shape),
                "weight_count": layer.count_params(),
                "is_trained": bool(layer.trainable_weights),
                "inputs": _inputs(layer),
            }
            for position, layer in enumerate(ordered, start=1)
        ]
    )


def _kind(layer: "keras.Layer") -> str:
    return type(layer).__name__.removesuffix("Layer")


def _shape(shape: tuple[int | None, ...]) -> str:
    sizes = [size for size in shape[1:] if size is not None]
    return "a number" if math.prod(sizes) == 1 else " x ".join(map(str, sizes)) + " numbers"


def _inputs(layer: "keras.Layer") -> list[str]:
    if _kind(layer) == "Input":
        return []
    tensors = layer.input if isinstance(layer.input, list) else [layer.input]
    # Keras tells which layer a tensor comes from by this attribute alone
    return [tensor._keras_history.operation.name for tensor in tensors]
