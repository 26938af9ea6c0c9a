"""The embedding model as a drawing, which ``python -m models_ml.ratings.drawing`` writes."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models_ml.fitting.parameters import read_parameters
from models_ml.ratings.embedding_model import build_model

if TYPE_CHECKING:
    import keras

PAGE = Path(__file__).parents[2] / "docs" / "embedding_model.md"

# The sample's.
N_USERS, N_MOVIES, N_FEATURES = 671, 9_066, 31

TEXT = """\
# The embedding model

A rating is the mean of all ratings, plus what the user gives more or less than others, plus what
the movie gets more or less than others, plus the dot product of the user's and the movie's
vector: how well the movie suits the user. A movie's bias and its vector both have two
parts, one of its own and one of its content (genres, decade, tags), so that a movie nobody has
rated has a sensible bias and vector as well. Penalties keep what rests on few ratings small.

The network, with the users, movies and features of the sample and the parameters of
`models_ml/parameters.toml`. A box is a layer: its name, the shape of what it gives for one rating,
and how many weights it has. The table of contents comes from `features.movie_content` and is not
trained.

```mermaid
{chart}
```

After training, the parts of each user and movie are added up: what is saved, and what
`ml.user_embeddings` and `ml.movie_embeddings` hold, is one bias and one vector for each, so that a
prediction is two sums and a dot product, in Python and in SQL alike. Somebody new gets a bias and
a vector in closed form from a few ratings (`EmbeddingModel.fold_in`).

`python -m models_ml.ratings.drawing` makes this page.
"""


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    return 0


def page() -> str:
    """Make the page: the drawing of the network, and a few words on it."""
    factors = read_parameters().models["embedding"]["factors"]
    content = np.zeros((N_MOVIES, N_FEATURES), np.float32)
    return TEXT.format(chart=flowchart(build_model(N_USERS, content, factors)))


def flowchart(model: "keras.Model") -> str:
    """Draw a Keras model as a Mermaid flowchart, its inputs on top.

    Args:
        model: A model of layers that each stand in it once.

    Returns:
        The chart's text: a box a layer, with the shape of its output without the rows, and the
        number of its weights where it has any.
    """
    boxes, arrows = [], []
    for layer in model.layers:
        kind = type(layer).__name__
        words = [f"<b>{layer.name}</b>", kind.removesuffix("Layer"), _shape(layer.output.shape)]
        if layer.count_params():
            is_fixed = not layer.trainable_weights
            words.append(f"{layer.count_params():,} {'fixed numbers' if is_fixed else 'weights'}")
        opening, closing = ("([", "])") if kind == "InputLayer" else ("[", "]")
        boxes.append(f'    {layer.name}{opening}"{"<br>".join(words)}"{closing}')
        if kind != "InputLayer":
            sources = layer.input if isinstance(layer.input, list) else [layer.input]
            # Keras tells which layer a tensor comes from by this attribute alone
            arrows += [
                f"    {source._keras_history.operation.name} --> {layer.name}" for source in sources
            ]
    return "\n".join(["flowchart TB", *boxes, *arrows])


def _shape(shape: tuple[int | None, ...]) -> str:
    sizes = [size for size in shape[1:] if size is not None]
    return "a number" if math.prod(sizes) == 1 else " x ".join(map(str, sizes)) + " numbers"


if __name__ == "__main__":
    sys.exit(main())
