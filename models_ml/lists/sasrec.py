"""Lists of movies by SASRec: self-attention over what a user rated, in its order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.backend import load_keras
from models_ml.fitting.ids import Ids, Values, codes_of
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Outcome, Recipe, Report, Task
from models_ml.fitting.training import drawn, train_to_best
from models_ml.lists.listing import blocks, list_users
from models_ml.lists.vectors import VectorLists
from models_ml.ratings.layers import network_layers

if TYPE_CHECKING:
    import keras

Codes = NDArray[np.int32]
Matrix = NDArray[np.float32]

FIRST_SCALE = 0.1
"""The root mean square of the movies' vectors before they are trained."""


class SASRec(VectorLists):
    """A transformer reads a user's ratings in their order, and tells what the user likes next.

    Kang and McAuley, Self-attentive sequential recommendation, ICDM 2018. Each rating is the sum of
    two vectors: the movie's, and one for liked or not. In each block a rating attends to itself and
    to those before it, and a small network follows; what comes out at the last one is the user's
    vector. The chance of a movie is the softmax of the dot products with the movies' vectors, over
    all movies of the model and not over a few drawn ones, which makes the model better (Klenitskiy
    and Vasilev, Turning dross into gold loss, RecSys 2023). There are no vectors for places in the
    order: on training rows they gave nothing.

    A list is judged by all that a user likes in times to come, and not by the next movie alone. So
    the target of a rating is one of the ``horizon`` next ones, drawn anew in each epoch, if it is
    liked (after Pancha et al., PinnerFormer, KDD 2022). The movies' vectors start from
    :func:`first_vectors`, as few ratings do not teach them from nothing. Adam minimises the
    cross-entropy. Training ends when that of the validation rows has not improved for ``patience``
    epochs; the best epoch's weights stay. Then the network reads these rows too.

    Movies with few likes are not in the model, and ratings without a time have no place in an
    order. Somebody who has no other ratings has the vector 0, and so the same chance for each movie
    of the model.

    Args:
        liked_from: The stars from which on a movie is liked.
        min_likes: Likes that a movie needs to be in the model.
        max_movies: Movies in the model at most, the most liked ones.
        length: Ratings of a user that are read at most, the last ones; in training any in a row.
        horizon: How many of the next ratings the target is drawn from.
        factors: Length of a vector.
        n_blocks: Blocks of attention, one over the other.
        dropout: Share of each vector left out of a step, 0 to 1.
        learning_rate: Adam's.
        batch_size: Users per step.
        max_users: Users of an epoch at most, drawn anew for each.
        max_epochs: Passes over the users at most.
        patience: Passes without a better validation loss before training ends.
        random_state: Seed of the first weights, of what is drawn and of dropout.

    Attributes:
        history_: One row per epoch: ``epoch`` (from 1), ``loss`` and ``val_loss`` (cross-entropies
            of one liked movie), ``seconds``.
        layers_: One row per layer of the network, as :func:`network_layers` lists them.
        limits_: ``fitted_movies`` where more movies have likes enough; not saved.
    """

    def __init__(
        self,
        liked_from: float = 4.0,
        min_likes: int = 3,
        max_movies: int = 6_000,
        length: int = 200,
        horizon: int = 30,
        factors: int = 64,
        n_blocks: int = 1,
        dropout: float = 0.5,
        learning_rate: float = 0.001,
        batch_size: int = 16,
        max_users: int = 20_000,
        max_epochs: int = 40,
        patience: int = 3,
        random_state: int = 0,
    ) -> None:
        self.liked_from = liked_from
        self.min_likes = min_likes
        self.max_movies = max_movies
        self.length = length
        self.horizon = horizon
        self.factors = factors
        self.n_blocks = n_blocks
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_users = max_users
        self.max_epochs = max_epochs
        self.patience = patience
        self.random_state = random_state

    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        report: Report = lambda words: None,
    ) -> "SASRec":
        """Fit the network, and keep the vectors that it gives to movies and users.

        Args:
            train: Ratings: ``user_id``, ``movie_id``, ``rating``, ``rated_at`` or nulls there.
            validation: Ratings of the same form, which decide when to stop.
            report: Called with a few words after each epoch.

        Returns:
            The model itself.
        """
        known = pd.concat([train, validation], ignore_index=True)
        modelled = self._choose_movies(known)
        load_keras().utils.set_random_seed(self.random_state)
        network = build_model(modelled, self.length, self.factors, self.n_blocks, self.dropout)
        self.layers_ = network_layers(network)
        before, after = (self._sequences(rows, modelled) for rows in (train, validation))
        network.get_layer("movie_vector").set_weights(
            [first_vectors(before, modelled, self.factors, self.random_state)]
        )
        self.history_ = self._train(network, before, after, report)
        self.movie_vectors_ = movie_vectors(network)
        everybody = np.arange(len(self.user_ids_))
        vectors = user_vectors(network, self._sequences(known, modelled), everybody)
        self.user_vectors_ = np.vstack([vectors, np.zeros((1, self.factors), np.float32)])
        return self

    def scores(self, products: Values) -> Values:
        """Give the chances that movies are what users like next: the softmax over the model's."""
        return np.asarray(np.exp(log_softmax(products)))

    def _choose_movies(self, known: pd.DataFrame) -> int:
        """Keep who rated what, and tell how many of the movies are in the model."""
        counts = self.keep_histories(known, self.liked_from)
        # Where no movie has likes enough the most liked one stands for all, as networks need one.
        modelled = max(1, int((counts["like_count"] >= self.min_likes).sum()))
        self.limits_ = {}
        if modelled > self.max_movies:
            modelled = self.limits_["fitted_movies"] = self.max_movies
        return modelled

    def _sequences(self, ratings: pd.DataFrame, modelled: int) -> "Sequences":
        """Put the users' ratings of modelled movies in the order of their times."""
        timed = ratings[ratings["rated_at"].notna()]
        movies = codes_of(timed["movie_id"].to_numpy(np.int64), self.movie_ids_)
        timed = timed.assign(movie=movies)[movies < modelled]
        timed = timed.sort_values(["user_id", "rated_at", "movie_id"])
        users = timed["user_id"].to_numpy(np.int64)
        return Sequences(
            timed["movie"].to_numpy(np.int32),
            np.asarray(timed["rating"] >= self.liked_from, np.int32),
            np.append(np.searchsorted(users, self.user_ids_), len(users)),
        )

    def _train(
        self, network: "keras.Model", before: "Sequences", after: "Sequences", report: Report
    ) -> list[dict[str, float]]:
        """Fit the network to sequences, until it tells the likes that come after no better."""
        generator = np.random.default_rng(self.random_state)
        run_step = _step(network, self.learning_rate)
        # Nothing comes after a single rating
        readers = np.flatnonzero(before.counts > 1)
        judges = np.flatnonzero((before.counts > 0) & (after.like_counts > 0))
        judges = judges[drawn(len(judges), self.max_users, generator)]

        def run_epoch() -> tuple[float, float]:
            users = generator.permutation(readers)[: self.max_users]
            total, count = 0.0, 0
            for batch in np.array_split(users, -(-len(users) // self.batch_size)):
                examples = before.examples(batch, self.length, self.horizon, generator)
                total, count = total + run_step(*examples), count + len(examples[-1])
            return total / max(count, 1), cross_entropy(network, before, after, judges)

        return train_to_best(
            network,
            run_epoch,
            max_epochs=self.max_epochs if len(readers) and len(judges) else 0,
            patience=self.patience,
            report=report,
        )


@dataclass(frozen=True)
class Sequences:
    """What users rated, one after the other.

    Attributes:
        movies: The movies' codes, user after user and each one's by time, shape (ratings,).
        likes: 1 where the movie was liked, else 0, shape (ratings,).
        bounds: Where each user's ratings begin and, last, where all end, shape (users + 1,).
    """

    movies: Codes
    likes: Codes
    bounds: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many ratings each user has, shape (users,)."""
        return np.diff(self.bounds)

    @property
    def like_counts(self) -> NDArray[np.int64]:
        """How many likes each user has, shape (users,)."""
        return np.diff(np.append(0, self.likes.cumsum())[self.bounds])

    def windows(
        self, users: NDArray[np.int64], ends: NDArray[np.int64], length: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the ratings of users before some of their own.

        Args:
            users: The users, shape (users,).
            ends: The ratings before which to look, shape (users,).
            length: Ratings at most.

        Returns:
            Positions of ratings, and which of them are in the window, both (users, length): windows
            begin at the first position, and what stands behind a short one has no meaning.
        """
        starts = np.maximum(self.bounds[users], ends - length)
        places = starts[:, None] + np.arange(length)
        return np.minimum(places, len(self.movies) - 1), places < ends[:, None]

    def examples(
        self,
        users: NDArray[np.int64],
        length: int,
        horizon: int,
        generator: np.random.Generator,
    ) -> tuple[Codes, Codes, NDArray[np.int64], Codes]:
        """Draw a window of each user's ratings, and a liked movie out of those after each.

        Args:
            users: Users with two ratings or more, shape (users,).
            length: Ratings of a window at most.
            horizon: Out of how many of the next ratings to draw.
            generator: What draws.

        Returns:
            The movies of the windows and whether they were liked, both (users, length); positions
            in these, flat, of the ratings with a target, and their targets, both (targets,).
        """
        first, last = self.bounds[users], self.bounds[users + 1]
        ends = generator.integers(np.minimum(first + length, last - 1), last)
        places, is_in = self.windows(users, ends, length)
        drawn_places = places + generator.integers(1, horizon + 1, places.shape)
        is_in &= drawn_places < last[:, None]
        is_in[is_in] = self.likes[drawn_places[is_in]] == 1
        targets = self.movies[drawn_places[is_in]]
        return self.movies[places], self.likes[places], np.flatnonzero(is_in), targets


def build_model(
    n_movies: int, length: int, factors: int, n_blocks: int = 1, dropout: float = 0.0
) -> "keras.Model":
    """Build the network.

    Args:
        n_movies: Number of movies.
        length: Ratings that it reads.
        factors: Length of a vector.
        n_blocks: Blocks of attention.
        dropout: Share of each vector left out while it trains, 0 to 1.

    Returns:
        A model from the inputs ``movie`` and ``liked``, both codes of shape (rows, length), to
        vectors, shape (rows, length, factors). None depends on ratings after its own.
    """
    keras = load_keras()
    layers = keras.layers

    def embed(codes: Any, count: int, name: str) -> Any:
        start = keras.initializers.RandomNormal(stddev=0.02)
        return layers.Embedding(count, factors, embeddings_initializer=start, name=name)(codes)

    def add(vectors: Any, change: Any, name: str) -> Any:
        kept = layers.Dropout(dropout, name=f"{name}_dropout")(change)
        return layers.Add(name=name)([vectors, kept])

    movie = layers.Input((length,), name="movie", dtype="int32")
    liked = layers.Input((length,), name="liked", dtype="int32")
    rated = layers.Add(name="rating")(
        [embed(movie, n_movies, "movie_vector"), embed(liked, 2, "liked_vector")]
    )
    vectors = layers.Dropout(dropout, name="rating_dropout")(rated)
    for block in range(1, n_blocks + 1):
        read = layers.LayerNormalization(name=f"read_{block}")(vectors)
        attention = layers.MultiHeadAttention(
            1, factors, dropout=dropout, name=f"attention_{block}"
        )
        vectors = add(vectors, attention(read, read, use_causal_mask=True), f"attended_{block}")
        hidden = layers.LayerNormalization(name=f"normal_{block}")(vectors)
        hidden = layers.Dense(factors, activation="relu", name=f"hidden_{block}")(hidden)
        hidden = layers.Dropout(dropout, name=f"hidden_{block}_dropout")(hidden)
        hidden = layers.Dense(factors, name=f"change_{block}")(hidden)
        vectors = add(vectors, hidden, f"changed_{block}")
    vectors = layers.LayerNormalization(name="user_vector")(vectors)
    return keras.Model(inputs=[movie, liked], outputs=vectors, name="sasrec")


def first_vectors(sequences: Sequences, n_movies: int, factors: int, seed: int) -> Matrix:
    """Give movies that the same users like vectors that are alike, by truncated SVD of the likes.

    Each movie's likes are divided by the square root of their number, as in a cosine.

    Args:
        sequences: What users rated.
        n_movies: Number of movies.
        factors: Length of a vector.
        seed: Of the randomised algorithm (Halko, Martinsson and Tropp, SIAM Review 53(2), 2011).

    Returns:
        Shape (movies, factors), with the root mean square ``FIRST_SCALE``; 0 without likes.
    """
    from scipy.sparse import csr_array
    from sklearn.utils.extmath import randomized_svd

    users = np.repeat(np.arange(len(sequences.counts)), sequences.counts)[sequences.likes == 1]
    movies = sequences.movies[sequences.likes == 1]
    marks = (1 / np.sqrt(np.bincount(movies, minlength=n_movies)[movies])).astype(np.float32)
    likes = csr_array((marks, (users, movies)), shape=(len(sequences.counts), n_movies))
    rank = min(factors, *likes.shape)
    _, strengths, directions = randomized_svd(likes, rank, random_state=seed)
    vectors = np.zeros((n_movies, factors), np.float32)
    vectors[:, :rank] = directions.T * np.sqrt(strengths)
    size = np.sqrt(np.mean(vectors**2))
    return vectors * np.float32(FIRST_SCALE / size if size else 0)


def movie_vectors(network: "keras.Model") -> Matrix:
    """Take the movies' vectors, shape (movies, factors), out of the network."""
    (vectors,) = network.get_layer("movie_vector").get_weights()
    return np.asarray(vectors)


def user_vectors(network: "keras.Model", sequences: Sequences, users: NDArray[np.int64]) -> Matrix:
    """Read users' last ratings.

    Returns:
        Their vectors, shape (users, factors); 0 where there are no ratings.
    """
    length = network.input_shape[0][1]
    vectors = np.zeros((len(users), network.output_shape[-1]), np.float32)
    has_any = np.flatnonzero(sequences.counts[users])
    for rows in blocks(has_any):
        ends = sequences.bounds[users[rows] + 1]
        places, is_in = sequences.windows(users[rows], ends, length)
        read = network.predict_on_batch([sequences.movies[places], sequences.likes[places]])
        vectors[rows] = read[np.arange(len(rows)), is_in.sum(axis=1) - 1]
    return vectors


def cross_entropy(
    network: "keras.Model", before: Sequences, after: Sequences, users: NDArray[np.int64]
) -> float:
    """Measure how well what users rated tells each movie that they like after it."""
    losses = []
    for block in blocks(users):
        chances = log_softmax(user_vectors(network, before, block) @ movie_vectors(network).T)
        rows = np.repeat(np.arange(len(block)), after.counts[block])
        places = np.concatenate([np.arange(*after.bounds[user : user + 2]) for user in block])
        is_liked = after.likes[places] == 1
        losses.append(-chances[rows[is_liked], after.movies[places[is_liked]]])
    return float(np.concatenate(losses).mean(dtype=np.float64))


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Turn logits into logarithms of chances, row by row."""
    from scipy.special import log_softmax as log_of_softmax

    return np.asarray(log_of_softmax(logits, axis=1))


def _step(
    network: "keras.Model", learning_rate: float
) -> Callable[[Codes, Codes, Ids, Codes], float]:
    """Make the function that takes examples, changes the network, and sums up their losses."""
    optimizer = load_keras().optimizers.Adam(learning_rate)
    optimizer.build(network.trainable_variables)
    import tensorflow as tf

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def run(movies: Any, likes: Any, cells: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            read = tf.reshape(network([movies, likes], training=True), (-1, vectors.shape[1]))
            logits = tf.matmul(tf.gather(read, cells), vectors.value, transpose_b=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            total = tf.reduce_sum(losses)
            loss = tf.math.divide_no_nan(total, tf.cast(tf.size(targets), tf.float32))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return total

    vectors, variables = network.get_layer("movie_vector").embeddings, network.trainable_variables
    return lambda *example: float(run(*(tf.constant(part) for part in example)))


def train(task: Task) -> Outcome:
    """Fit the network on the training rows of a protocol, and list movies.

    Validation rows decide when to stop; then users are known by these too.
    """
    model = SASRec(**task.params, random_state=task.seed)
    model.fit(task.parts.train, task.parts.validation, task.report)
    task.report("listing movies")
    lists = model.recommend(list_users(task))
    results = {
        "recommendations": lists.assign(reason=None),
        "network_layers": model.layers_,
        "training_history": pd.DataFrame(model.history_),
    }
    note = f"{len(model.history_)} epochs, the best one's weights kept"
    return Outcome(model, results, note, model.limits_)


RECIPE = Recipe(
    name="sasrec",
    role="lists",
    description="SASRec, self-attention over what a user rated, in its order.",
    model=SASRec,
    protocols=JUDGED_PROTOCOLS,
    effort="full",
    train=train,
)
