"""The plain matrix factorisation of the reference analysis, in Keras."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from models_ml.fitting.backend import load_keras
from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Outcome, Recipe, Report, Task
from models_ml.fitting.saving import SavedModel
from models_ml.fitting.training import fit_network
from models_ml.ratings.layers import network_layers
from models_ml.ratings.predictions import embeddings, predictions

if TYPE_CHECKING:
    import keras


class MatrixFactorisation(RegressorMixin, SavedModel):  # type: ignore[misc]
    """Ratings as dot products of user and movie factors, without biases or regularisation.

    Each user and each movie has a vector of ``factors`` numbers; the predicted rating is the
    dot product of the two (Koren, Bell and Volinsky, Matrix factorization techniques for
    recommender systems, IEEE Computer 42(8), 2009, without its biases). Adam minimises the
    mean squared error. Training ends when the validation loss has not improved for
    ``patience`` epochs, and the weights of the best epoch stay.

    Users and movies without training rows keep their small random vectors, and those not known
    at all share the one vector that the reference's model has to spare: their predictions lie
    near 0, moved to the lower end of the scale.

    Args:
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        factors: Length of a vector.
        learning_rate: Adam's.
        batch_size: Ratings per step, unless an epoch would take too many steps.
        max_steps: Steps of an epoch at most: of more ratings, a step takes more.
        max_epochs: Passes over the training rows at most.
        patience: Passes without a better validation loss before training ends.
        random_state: Seed of the first weights and of the order of batches.

    Attributes:
        user_ids_: The users' ids, ascending, shape (users,).
        movie_ids_: The movies' ids, ascending, shape (movies,).
        user_factors_: One row per user, and one for all others, shape (users + 1, factors).
        movie_factors_: One row per movie, and one for all others, shape (movies + 1, factors).
        history_: One row per epoch: ``epoch`` (from 1), ``loss``, ``val_loss``, ``seconds``.
        layers_: One row per layer of the network, as :func:`network_layers` lists them.
    """

    state: ClassVar = ("user_ids_", "movie_ids_", "user_factors_", "movie_factors_")

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        factors: int = 10,
        learning_rate: float = 0.004,
        batch_size: int = 4096,
        max_steps: int = 200,
        max_epochs: int = 200,
        patience: int = 2,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.factors = factors
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.max_epochs = max_epochs
        self.patience = patience
        self.random_state = random_state

    def fit(
        self,
        X: Ids,  # noqa: N803 (scikit-learn's name)
        y: Values,
        validation: tuple[Ids, Values],
        entities: tuple[Ids, Ids] | None = None,
        report: Report = lambda words: None,
    ) -> "MatrixFactorisation":
        """Fit the factors.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            validation: The same two for the rows that decide when to stop.
            entities: The ids of all users and of all movies that get a vector, both ascending;
                without them, those of ``X``.
            report: Called with a few words after each epoch.

        Returns:
            The model itself.
        """
        load_keras().utils.set_random_seed(self.random_state)
        users, movies = entities or (X[:, 0], X[:, 1])
        self.user_ids_, self.movie_ids_ = np.unique(users), np.unique(movies)
        network = build_model(len(self.user_ids_), len(self.movie_ids_), self.factors)
        self.history_ = fit_network(
            network,
            (self._inputs(X), y),
            (self._inputs(validation[0]), validation[1]),
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_steps=self.max_steps,
            max_epochs=self.max_epochs,
            patience=self.patience,
            report=report,
            seed=self.random_state,
        )
        (self.user_factors_,) = network.get_layer("user_factors").get_weights()
        (self.movie_factors_,) = network.get_layer("movie_factors").get_weights()
        self.layers_ = network_layers(network)
        return self

    def predict(self, X: Ids) -> Values:  # noqa: N803
        """Predict ratings in stars, on the scale; ``X`` as in :meth:`fit`, result (ratings,)."""
        users = self.user_factors_[codes_of(X[:, 0], self.user_ids_)]
        movies = self.movie_factors_[codes_of(X[:, 1], self.movie_ids_)]
        products = np.einsum("ij,ij->i", users, movies)
        return np.asarray(np.clip(products, *self.scale), dtype=np.float64)

    def _inputs(self, ids: Ids) -> dict[str, NDArray[np.int64]]:
        return {
            "User": codes_of(ids[:, 0], self.user_ids_)[:, None],
            "Item": codes_of(ids[:, 1], self.movie_ids_)[:, None],
        }


def train(task: Task) -> Outcome:
    """Fit the reference's matrix factorisation on the training rows of a protocol.

    Validation rows decide when to stop; the rows of both other parts are predicted.
    """
    users = task.marts["features.user_codes"]["user_id"].to_numpy(np.int64)
    movies = task.marts["features.movie_codes"]["movie_id"].to_numpy(np.int64)
    parts = task.parts
    model = MatrixFactorisation(**task.params, scale=task.scale, random_state=task.seed)
    model.fit(
        *ids_and_ratings(parts.train),
        ids_and_ratings(parts.validation),
        entities=(users, movies),
        report=task.report,
    )
    results = {
        "training_history": pd.DataFrame(model.history_),
        "network_layers": model.layers_,
        "rating_predictions": predictions(model, parts.held_out),
        **embeddings(model),
    }
    return Outcome(model, results, f"{len(model.history_)} epochs, the best one's weights kept")


RECIPE = Recipe(
    name="matrix_factorisation",
    role="baseline",
    description="Dot products of vectors without biases, as in the reference analysis.",
    model=MatrixFactorisation,
    marts=("features.user_codes", "features.movie_codes"),
    protocols=JUDGED_PROTOCOLS,
    train=train,
)


def build_model(n_users: int, n_movies: int, factors: int) -> "keras.Model":
    """Build the network: two embeddings, one row longer than needed, flattened and multiplied.

    Args:
        n_users: Number of users.
        n_movies: Number of movies.
        factors: Length of a vector.

    Returns:
        A model with ``(n_users + 1 + n_movies + 1) * factors`` parameters.
    """
    keras = load_keras()
    layers = keras.layers
    item = layers.Input(shape=(1,), name="Item", dtype="int32")
    user = layers.Input(shape=(1,), name="User", dtype="int32")
    movie_factors = layers.Embedding(n_movies + 1, factors, name="movie_factors")(item)
    user_factors = layers.Embedding(n_users + 1, factors, name="user_factors")(user)
    rating = layers.Dot(axes=1, name="rating")(
        [
            layers.Flatten(name="movie_factors_flat")(movie_factors),
            layers.Flatten(name="user_factors_flat")(user_factors),
        ]
    )
    return keras.Model(inputs=[item, user], outputs=rating, name="matrix_factorisation")
