"""The embedding model, in Keras: biases, and vectors of users and of movies with their content."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from models_ml.fitting.backend import load_keras
from models_ml.fitting.ids import Ids, Values, codes_of, ids_and_ratings
from models_ml.fitting.recipe import Outcome, Recipe, Report, Task
from models_ml.fitting.saving import SavedModel
from models_ml.fitting.training import best_epoch, fit_network, refit_network
from models_ml.ratings.conformal import conformal_quantile
from models_ml.ratings.layers import network_layers
from models_ml.ratings.predictions import embeddings, predictions
from models_ml.ratings.shrunken_biases import Biases, shrunken_biases

if TYPE_CHECKING:
    import keras

Matrix = NDArray[np.float32]

DAYS_PER_YEAR = 365.25


class EmbeddingModel(RegressorMixin, SavedModel):  # type: ignore[misc]
    """Ratings as user bias + movie bias + dot product of a user's and a movie's vector.

    The factor model of Koren, Bell and Volinsky (Matrix factorization techniques for recommender
    systems, IEEE Computer 42(8), 2009). A movie's bias and vector are the sum of two parts: one of
    its own, which is 0 without ratings and small with few, and one of its content, the sum over
    its genres, its decade and its tags, so that a movie nobody has rated has both. A user without
    ratings has the vector 0 and the bias that users of the training ratings have in the mean.

    Biases start from their values in closed form. Adam then minimises the mean squared error plus
    the squared biases and vectors, each times its ridge over the number of ratings: the ridges
    are counts of ratings, as in ridge regression. While it trains, a share of each user's
    factors is left out at random (Srivastava et al., Dropout, JMLR 15, 2014). Training ends when
    the validation error has not improved for ``patience`` epochs; the best epoch's weights stay.

    What is rated changes. Where it predicts the validation ratings better, a rating weighs half
    as much when it is ``half_life`` years older: so it is when they are later ones.

    What the validation ratings have chosen can then be fitted to all ratings: see :meth:`refit`.

    Args:
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        factors: Length of a vector.
        max_features: Content features at most, those of most movies.
        user_ridge: Ratings that pull a user's bias towards the mean.
        movie_ridge: Ratings that pull the bias of a movie's own towards 0.
        factor_ridge: Ratings that pull a user's vector, and a movie's own, towards 0.
        content_ridge: Ratings that pull the bias and the vector of a feature towards 0.
        dropout: Share of a user's factors left out of a step, 0 to 1.
        half_life: Years after which a rating weighs half, where that helps.
        learning_rate: Adam's.
        batch_size: Ratings per step, unless an epoch would take too many steps.
        max_steps: Steps of an epoch at most: of more ratings, a step takes more.
        max_epochs: Passes over the training rows at most.
        patience: Passes without a better validation error before training ends.
        level: The probability with which a rating is to lie in its interval.
        random_state: Seed of the first weights, of the order of batches and of dropout.

    Attributes:
        user_ids_: The users' ids, ascending, shape (users,).
        user_biases_: Their biases in stars with the mean of all ratings, and that of somebody
            nobody knows, shape (users + 1,).
        user_factors_: Their vectors, the last one 0, shape (users + 1, factors).
        movie_ids_: The movies' ids, ascending, shape (movies,).
        movie_biases_: Their biases in stars, and that of a movie nobody knows, shape (movies + 1,):
            the last is the mean of the contents' part.
        movie_factors_: Their vectors, and one for others likewise, shape (movies + 1, factors).
        half_width_: Half the width of an interval in stars, shape ().
        trials_: The validation error of the biases alone, in squared stars, by half-life in years;
            infinite where all ratings weigh the same.
        history_: One row per epoch: ``epoch`` (from 1), ``loss`` and ``val_loss`` (the squared
            errors without ridges), ``seconds``.
        layers_: One row per layer of the network, as :func:`network_layers` lists them.
    """

    state: ClassVar = (
        *("user_ids_", "user_biases_", "user_factors_"),
        *("movie_ids_", "movie_biases_", "movie_factors_"),
        "half_width_",
    )

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        factors: int = 16,
        max_features: int = 256,
        user_ridge: float = 3.0,
        movie_ridge: float = 8.0,
        factor_ridge: float = 12.0,
        content_ridge: float = 100.0,
        dropout: float = 0.1,
        half_life: float = 7.0,
        learning_rate: float = 0.01,
        batch_size: int = 8192,
        max_steps: int = 200,
        max_epochs: int = 100,
        patience: int = 5,
        level: float = 0.9,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.factors = factors
        self.max_features = max_features
        self.user_ridge = user_ridge
        self.movie_ridge = movie_ridge
        self.factor_ridge = factor_ridge
        self.content_ridge = content_ridge
        self.dropout = dropout
        self.half_life = half_life
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.max_epochs = max_epochs
        self.patience = patience
        self.level = level
        self.random_state = random_state

    def fit(
        self,
        X: Ids,  # noqa: N803 (scikit-learn's name)
        y: Values,
        validation: tuple[Ids, Values],
        entities: tuple[Ids, Ids] | None = None,
        content: pd.DataFrame | None = None,
        ages: Values | None = None,
        report: Report = lambda words: None,
    ) -> "EmbeddingModel":
        """Fit biases and vectors.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            validation: The same two for the rows that decide when to stop, whether age matters
                and how wide intervals are.
            entities: The ids of all users and of all movies; without them, those of ``X`` and
                ``validation``.
            content: One row per movie and feature: ``movie_id``, ``feature``.
            ages: How many years older than the latest each rating is, shape (ratings,).
            report: Called with a few words after each epoch.

        Returns:
            The model itself.
        """
        both = np.vstack([X, validation[0]])
        users, movies = entities or (both[:, 0], both[:, 1])
        self.user_ids_, self.movie_ids_ = np.unique(users), np.unique(movies)
        features = content_matrix(content, self.movie_ids_, self.max_features)
        rows, validation_rows = self._codes(X), (self._codes(validation[0]), validation[1])
        years = np.zeros(len(y)) if ages is None else ages
        self.trials_ = self._try_half_lives(rows, y, validation_rows, features, years)
        weights, start = self._start(rows, y, features, years)
        network = self._network(rows, features, start)
        self.history_ = fit_network(
            network,
            (inputs(rows), y),
            (inputs(validation_rows[0]), validation_rows[1]),
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_steps=self.max_steps,
            max_epochs=self.max_epochs,
            patience=self.patience,
            report=report,
            seed=self.random_state,
            weights=weights,
        )
        self._extract(network, features, start.mean)
        self.layers_ = network_layers(network)
        errors = np.abs(self.predict(validation[0]) - validation[1])
        low, high = self.scale
        self.half_width_ = np.float64(min(conformal_quantile(errors, self.level), high - low))
        return self

    def refit(
        self,
        X: Ids,  # noqa: N803
        y: Values,
        content: pd.DataFrame | None = None,
        ages: Values | None = None,
    ) -> "EmbeddingModel":
        """Fit biases and vectors anew, for as many epochs as were best in :meth:`fit`.

        Whether age matters and how wide intervals are stays as the validation ratings chose it, so
        that they can be among the ratings now.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            content: As in :meth:`fit`.
            ages: How many years older than the latest each rating is, shape (ratings,).

        Returns:
            The model itself.
        """
        features = content_matrix(content, self.movie_ids_, self.max_features)
        rows = self._codes(X)
        weights, start = self._start(rows, y, features, np.zeros(len(y)) if ages is None else ages)
        network = self._network(rows, features, start)
        refit_network(
            network,
            (inputs(rows), y),
            epochs=best_epoch(self.history_),
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_steps=self.max_steps,
            seed=self.random_state,
            weights=weights,
        )
        self._extract(network, features, start.mean)
        return self

    def predict(self, X: Ids) -> Values:  # noqa: N803
        """Predict ratings in stars, on the scale; ``X`` as in :meth:`fit`, result (ratings,)."""
        users, movies = self._codes(X).T
        return self._ratings(self.user_biases_[users], self.user_factors_[users], movies)

    def predict_interval(self, X: Ids) -> tuple[Values, Values]:  # noqa: N803
        """Predict the lower and the upper ends of intervals, on the scale, both (ratings,)."""
        return self.predict_all(X)[1:]

    def predict_all(self, X: Ids) -> tuple[Values, Values, Values]:  # noqa: N803
        """Predict ratings and both ends of their intervals at once, each of shape (ratings,)."""
        ratings = self.predict(X)
        return ratings, *self._interval(ratings)

    def predict_new(
        self, rated: Ids, stars: Values, movie_ids: Ids
    ) -> tuple[Values, Values, Values]:
        """Predict ratings of somebody new, whom :meth:`fold_in` knows from a few ratings.

        Args:
            rated: The movies that the person rated, shape (ratings,).
            stars: Their ratings in stars, shape (ratings,).
            movie_ids: The movies to predict, shape (movies,).

        Returns:
            Ratings in stars, and the lower and the upper ends of their intervals, on the scale,
            each of shape (movies,).
        """
        bias, vector = self.fold_in(rated, stars)
        ratings = self._ratings(bias, vector[None], codes_of(movie_ids, self.movie_ids_))
        return ratings, *self._interval(ratings)

    def fold_in(self, movie_ids: Ids, ratings: Values) -> tuple[float, Values]:
        """Find the bias and the vector of somebody new, without training.

        With the movies as they are, what the training minimises over one user's bias and vector is
        a ridge regression, solved in closed form (the user's step of alternating least squares:
        Zhou et al., Large-scale parallel collaborative filtering for the Netflix prize, AAIM 2008).

        Args:
            movie_ids: The movies that the person rated, shape (ratings,); movies that the model
                does not know are left out.
            ratings: Their ratings in stars, shape (ratings,).

        Returns:
            The bias in stars, with the mean of all ratings as in ``user_biases_``, and the vector,
            shape (factors,); without ratings, those of somebody nobody knows.
        """
        movies = codes_of(np.asarray(movie_ids, np.int64), self.movie_ids_)
        is_known = movies < len(self.movie_ids_)
        movies, stars = movies[is_known], np.asarray(ratings, np.float64)[is_known]
        columns = np.column_stack([np.ones(len(movies)), self.movie_factors_[movies]])
        ridges = np.append(self.user_ridge, np.full(self.factors, self.factor_ridge))
        deviations = stars - self.user_biases_[-1] - self.movie_biases_[movies]
        system = columns.T @ columns + np.diag(ridges)
        solution = np.linalg.solve(system, columns.T @ deviations)
        return float(self.user_biases_[-1] + solution[0]), solution[1:]

    def _ratings(self, biases: Values | float, vectors: Values, movies: Ids) -> Values:
        """Predict, from biases and vectors of users, ratings of movies by their codes."""
        products = np.einsum("ij,ij->i", vectors, self.movie_factors_[movies])
        ratings = biases + self.movie_biases_[movies] + products
        return np.asarray(np.clip(ratings, *self.scale), dtype=np.float64)

    def _interval(self, ratings: Values) -> tuple[Values, Values]:
        low, high = self.scale
        return (
            np.maximum(ratings - self.half_width_, low),
            np.minimum(ratings + self.half_width_, high),
        )

    def _codes(self, ids: Ids) -> NDArray[np.int64]:
        users, movies = codes_of(ids[:, 0], self.user_ids_), codes_of(ids[:, 1], self.movie_ids_)
        return np.column_stack([users, movies])

    def _try_half_lives(
        self,
        rows: Ids,
        y: Values,
        validation: tuple[Ids, Values],
        content: Matrix,
        ages: Values,
    ) -> dict[float, float]:
        """Measure biases that weigh the ratings by age, and all the same, on validation rows."""
        errors = {}
        for half_life in [np.inf, self.half_life] if ages.any() else [np.inf]:
            biases = self._biases(rows, y, content, age_weights(ages, half_life))
            predicted = np.clip(biases.predict(validation[0], content), *self.scale)
            errors[half_life] = float(np.mean((predicted - validation[1]) ** 2))
        return errors

    def _start(self, rows: Ids, y: Values, content: Matrix, ages: Values) -> tuple[Values, Biases]:
        """Weigh the ratings by age as was best, and find the biases from which training starts."""
        half_life = min(self.trials_, key=lambda years: self.trials_[years])
        weights = age_weights(ages, half_life)
        return weights, self._biases(rows, y, content, weights)

    def _biases(self, rows: Ids, y: Values, content: Matrix, weights: Values) -> Biases:
        ridges = (self.user_ridge, self.movie_ridge, self.content_ridge)
        return shrunken_biases(rows, y, weights, len(self.user_ids_), content, ridges)

    def _network(self, rows: Ids, content: Matrix, start: Biases) -> "keras.Model":
        """Build the network, with the biases of the start and no vectors for who has no ratings."""
        load_keras().utils.set_random_seed(self.random_state)
        network = build_model(
            n_users=len(self.user_ids_),
            content=content,
            factors=self.factors,
            mean=start.mean,
            dropout=self.dropout,
            user_ridge=self.user_ridge / len(rows),
            movie_ridge=self.movie_ridge / len(rows),
            factor_ridge=self.factor_ridge / len(rows),
            content_ridge=self.content_ridge / len(rows),
        )
        biases = {
            "user_bias": start.users,
            "movie_bias": start.movies,
            "content_bias": start.features,
        }
        for name, values in biases.items():
            network.get_layer(name).set_weights([values[:, None]])
        for name, codes in zip(("user_factors", "movie_factors"), rows.T, strict=True):
            (factors,) = network.get_layer(name).get_weights()
            factors[np.bincount(codes, minlength=len(factors)) == 0] = 0
            network.get_layer(name).set_weights([factors])
        return network

    def _extract(self, network: "keras.Model", content: Matrix, mean: float) -> None:
        """Take biases and vectors out of the network, and add a row for who is not known."""
        weights = {layer.name: layer.get_weights() for layer in network.layers}
        user_biases, movie_biases = weights["user_bias"][0][:, 0], weights["movie_bias"][0][:, 0]
        content_biases = content @ weights["content_bias"][0][:, 0]
        content_factors = content @ weights["content_factors"][0]
        self.user_biases_ = mean + np.append(user_biases, 0)
        self.user_factors_ = np.vstack([weights["user_factors"][0], np.zeros(self.factors)])
        self.movie_biases_ = np.append(movie_biases + content_biases, content_biases.mean())
        self.movie_factors_ = np.vstack(
            [weights["movie_factors"][0] + content_factors, content_factors.mean(axis=0)]
        )


def age_weights(ages: Values, half_life: float) -> Values:
    """Weigh ratings half for each ``half_life`` of their ages, both in years; 1 in the mean."""
    weights = 0.5 ** (ages / half_life)
    return np.asarray(weights / weights.mean())


def inputs(codes: Ids) -> dict[str, NDArray[np.int64]]:
    """Name the columns of codes, shape (rows, 2), as the network's inputs."""
    return {"user": codes[:, :1], "movie": codes[:, 1:]}


def content_matrix(content: pd.DataFrame | None, movie_ids: Ids, most: int) -> Matrix:
    """Spread what movies are over columns.

    Args:
        content: One row per movie and feature: ``movie_id``, ``feature``.
        movie_ids: The movies' ids, ascending, shape (movies,).
        most: Features at most; those of most movies stay, of as many the first by name.

    Returns:
        1 where a movie has a feature, else 0, shape (movies, features), with at least one column.
        A movie of which nothing is known has the mean of the others.
    """
    if content is None or content.empty:
        return np.zeros((len(movie_ids), 1), np.float32)
    counts = content["feature"].astype(str).value_counts().sort_index()
    counts = counts.sort_values(ascending=False, kind="stable")
    features = {feature: column for column, feature in enumerate(counts.index[:most])}
    rows = content[content["feature"].isin(features) & content["movie_id"].isin(movie_ids)]
    matrix = np.zeros((len(movie_ids), len(features)), np.float32)
    columns = rows["feature"].map(features).to_numpy(np.int64)
    matrix[codes_of(rows["movie_id"].to_numpy(np.int64), movie_ids), columns] = 1
    is_empty = ~matrix.any(axis=1)
    if not is_empty.all():
        matrix[is_empty] = matrix[~is_empty].mean(axis=0)
    return matrix


def build_model(
    n_users: int,
    content: Matrix,
    factors: int,
    mean: float = 0.0,
    dropout: float = 0.0,
    user_ridge: float = 0.0,
    movie_ridge: float = 0.0,
    factor_ridge: float = 0.0,
    content_ridge: float = 0.0,
) -> "keras.Model":
    """Build the network.

    Args:
        n_users: Number of users.
        content: The movies' features, shape (movies, features); they are not trained.
        factors: Length of a vector.
        mean: What is added to every rating, in stars.
        dropout: Share of a user's factors left out while it trains, 0 to 1.
        user_ridge: What a user's squared bias adds to the loss.
        movie_ridge: What the square of a movie's own bias adds.
        factor_ridge: What the squared factors of users, and of movies' own vectors, add.
        content_ridge: What the squared bias and factors of a feature add.

    Returns:
        A model from the inputs ``user`` and ``movie``, both codes of shape (rows, 1), to ratings in
        stars, not yet on the scale.
    """
    keras = load_keras()
    layers = keras.layers
    n_movies, n_features = content.shape

    def embed(codes: Any, count: int, length: int, ridge: float, name: str) -> Any:
        start = keras.initializers.RandomNormal(stddev=0.1) if length > 1 else "zeros"
        layer = layers.Embedding(
            count,
            length,
            embeddings_initializer=start,
            embeddings_regularizer=keras.regularizers.L2(ridge),
            name=name,
        )
        return layers.Flatten(name=f"{name}_flat")(layer(codes))

    def combine(features: Any, length: int, name: str) -> Any:
        return layers.Dense(
            length,
            use_bias=False,
            kernel_initializer="zeros",
            kernel_regularizer=keras.regularizers.L2(content_ridge),
            name=name,
        )(features)

    user = layers.Input(shape=(1,), name="user", dtype="int32")
    movie = layers.Input(shape=(1,), name="movie", dtype="int32")
    table = layers.Embedding(
        n_movies,
        n_features,
        embeddings_initializer=keras.initializers.Constant(content),
        trainable=False,
        name="content",
    )
    features = layers.Flatten(name="content_flat")(table(movie))
    user_vector = layers.Dropout(dropout, name="user_vector")(
        embed(user, n_users, factors, factor_ridge, "user_factors")
    )
    movie_vector = layers.Add(name="movie_vector")(
        [
            embed(movie, n_movies, factors, factor_ridge, "movie_factors"),
            combine(features, factors, "content_factors"),
        ]
    )
    parts = [
        embed(user, n_users, 1, user_ridge, "user_bias"),
        embed(movie, n_movies, 1, movie_ridge, "movie_bias"),
        combine(features, 1, "content_bias"),
        layers.Dot(axes=1, name="dot_product")([user_vector, movie_vector]),
    ]
    rating = layers.Rescaling(1.0, offset=mean, name="rating")(layers.Add(name="sum")(parts))
    return keras.Model(inputs=[user, movie], outputs=rating, name="embedding")


def train(task: Task) -> Outcome:
    """Fit the embedding model on the training rows of a protocol, then on all rows but test rows.

    Validation rows decide when to stop, whether age matters and how wide intervals are. Test rows
    are predicted; a serving fit gives the vectors and biases of all users and movies instead.
    """
    parts = task.parts
    users = task.marts["features.user_codes"]["user_id"].to_numpy(np.int64)
    movies = task.marts["core.dim_movies"]["movie_id"].to_numpy(np.int64)
    model = EmbeddingModel(**task.params, scale=task.scale, random_state=task.seed)
    model.fit(
        *ids_and_ratings(parts.train),
        ids_and_ratings(parts.validation),
        entities=(users, movies),
        content=task.marts["features.movie_content"],
        ages=ages_of(parts.train["rated_at"]),
        report=task.report,
    )
    task.report("fitting with the validation rows")
    model.refit(
        *ids_and_ratings(parts.known),
        content=task.marts["features.movie_content"],
        ages=ages_of(parts.known["rated_at"]),
    )
    results = {
        "training_history": pd.DataFrame(model.history_),
        "network_layers": model.layers_,
        "metrics": metrics(model),
    }
    if task.protocol != "serving":
        results["rating_predictions"] = predictions(model, parts.test)
    else:
        results |= embeddings(model)
    return Outcome(model, results, f"{best_epoch(model.history_)} epochs, as many as were best")


def ages_of(times: "pd.Series[pd.Timestamp]") -> Values:
    """Tell how many years before the latest each time is; 0 where a time is missing."""
    days = (times.max() - times) / pd.Timedelta(days=1)
    return np.asarray((days / DAYS_PER_YEAR).fillna(0), dtype=np.float64)


def metrics(model: EmbeddingModel) -> pd.DataFrame:
    """List what the fit measured: ``metric``, ``setting``, ``value``."""
    trials = [
        ("validation_mse", "equal weights" if years == np.inf else f"half_life={years:g}", error)
        for years, error in model.trials_.items()
    ]
    width = ("interval_half_width", f"level={model.level:g}", float(model.half_width_))
    return pd.DataFrame([*trials, width], columns=["metric", "setting", "value"])


RECIPE = Recipe(
    name="embedding",
    role="ratings",
    description="Biases and dot products of vectors; those of a movie know its content.",
    model=EmbeddingModel,
    marts=("core.dim_movies", "features.movie_content", "features.user_codes"),
    train=train,
    serving_rank=1,
)
