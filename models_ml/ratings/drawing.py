"""The embedding model as a drawing, which ``python -m models_ml.ratings.drawing`` writes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models_ml.fitting.parameters import read_parameters
from models_ml.ratings.embedding_model import build_model
from models_ml.ratings.layers import network_layers

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

Validation ratings choose the number of epochs, whether old ratings weigh less, and how wide
intervals are. Then all is fitted once more, with these ratings.

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
    for row in network_layers(model).to_dict("records"):
        name, is_input = row["layer"], row["kind"] == "Input"
        words = [f"<b>{name}</b>", row["kind"], row["output_shape"]]
        if row["weight_count"]:
            kept = "weights" if row["is_trained"] else "fixed numbers"
            words.append(f"{row['weight_count']:,} {kept}")
        opening, closing = ("([", "])") if is_input else ("[", "]")
        boxes.append(f'    {name}{opening}"{"<br>".join(words)}"{closing}')
        arrows += [f"    {source} --> {name}" for source in row["inputs"]]
    return "\n".join(["flowchart TB", *boxes, *arrows])


if __name__ == "__main__":
    sys.exit(main())
