"""The plain matrix factorisation of the reference analysis, in Keras."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin

from models_ml.backend import load_keras

if TYPE_CHECKING:
    import keras

Codes = NDArray[np.int64]
Values = NDArray[np.float64]
EpochReport = Callable[[int, float, float], None]


class MatrixFactorisation(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Ratings as dot products of user and movie factors, without biases or regularisation.

    Each user and each movie has a vector of ``factors`` numbers; the predicted rating is the
    dot product of the two (Koren, Bell and Volinsky, Matrix factorization techniques for
    recommender systems, IEEE Computer 42(8), 2009, without its biases). Adam minimises the
    mean squared error. Training ends when the validation loss has not improved for
    ``patience`` epochs, and the weights of the best epoch stay.

    Users and movies that the training rows lack keep their small random vectors: their
    predictions lie near 0, moved to the lower end of the scale.

    Args:
        n_users: Number of users; their codes are 0 to ``n_users`` - 1.
        n_movies: Number of movies; their codes are 0 to ``n_movies`` - 1.
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        factors: Length of a vector.
        learning_rate: Adam's.
        batch_size: Ratings a step.
        max_epochs: Passes over the training rows at most.
        patience: Passes without a better validation loss before training ends.
        random_state: Seed of the first weights and of the order of batches.

    Attributes:
        model_: The Keras model, with the inputs ``Item`` and ``User``.
        history_: A row an epoch: ``epoch`` (from 1), ``loss``, ``val_loss``, ``seconds``.
    """

    def __init__(
        self,
        n_users: int,
        n_movies: int,
        scale: tuple[float, float] = (0.5, 5.0),
        factors: int = 10,
        learning_rate: float = 0.001,
        batch_size: int = 1024,
        max_epochs: int = 200,
        patience: int = 2,
        random_state: int = 0,
    ) -> None:
        self.n_users = n_users
        self.n_movies = n_movies
        self.scale = scale
        self.factors = factors
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.random_state = random_state

    def fit(
        self,
        X: Codes,  # noqa: N803 (scikit-learn's name)
        y: Values,
        validation: tuple[Codes, Values],
        report: EpochReport = lambda epoch, loss, val_loss: None,
    ) -> "MatrixFactorisation":
        """Fit the factors.

        Args:
            X: Codes, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            validation: The same two for the rows that decide when to stop.
            report: Called after each epoch with its number, loss and validation loss.

        Returns:
            The model itself.
        """
        keras = load_keras()
        keras.utils.set_random_seed(self.random_state)
        self.model_ = build_model(self.n_users, self.n_movies, self.factors)
        self.model_.compile(optimizer=keras.optimizers.Adam(self.learning_rate), loss="mse")
        log = _epoch_log(report)
        self.model_.fit(
            _inputs(X),
            y.astype("float32"),
            validation_data=(_inputs(validation[0]), validation[1].astype("float32")),
            batch_size=self.batch_size,
            epochs=self.max_epochs,
            callbacks=[
                keras.callbacks.EarlyStopping(patience=self.patience, restore_best_weights=True),
                log,
            ],
            verbose=0,
        )
        self.history_: list[dict[str, float]] = log.rows
        return self

    def predict(self, X: Codes) -> Values:  # noqa: N803
        """Predict ratings in stars, on the scale; ``X`` as in :meth:`fit`, result (ratings,)."""
        predicted = self.model_.predict(_inputs(X), batch_size=1 << 15, verbose=0)
        return np.asarray(np.clip(predicted[:, 0], *self.scale), dtype=np.float64)

    @property
    def user_factors_(self) -> NDArray[np.float32]:
        """The users' vectors, shape (n_users, factors), in the order of codes."""
        return self._factors("user_factors")[: self.n_users]

    @property
    def movie_factors_(self) -> NDArray[np.float32]:
        """The movies' vectors, shape (n_movies, factors), in the order of codes."""
        return self._factors("movie_factors")[: self.n_movies]

    def _factors(self, layer: str) -> NDArray[np.float32]:
        (weights,) = self.model_.get_layer(layer).get_weights()
        return np.asarray(weights, dtype=np.float32)


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
        [layers.Flatten()(movie_factors), layers.Flatten()(user_factors)]
    )
    return keras.Model(inputs=[item, user], outputs=rating, name="matrix_factorisation")


def _inputs(codes: Codes) -> dict[str, NDArray[np.int32]]:
    return {
        "User": codes[:, :1].astype(np.int32),
        "Item": codes[:, 1:].astype(np.int32),
    }


def _epoch_log(report: EpochReport) -> Any:
    class EpochLog(load_keras().callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.rows: list[dict[str, float]] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds = time.perf_counter() - self.began
            loss, val_loss = float(logs["loss"]), float(logs["val_loss"])
            self.rows.append(
                {"epoch": epoch + 1, "loss": loss, "val_loss": val_loss, "seconds": seconds}
            )
            report(epoch + 1, loss, val_loss)

    return EpochLog()
