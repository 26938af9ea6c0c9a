"""Ratings by a Bayesian factorisation machine, whose parameters are sampled."""

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from models_ml.fitting.backend import load_myfm
from models_ml.fitting.ids import Ids, Values, codes_of
from models_ml.fitting.recipe import JUDGED_PROTOCOLS, Outcome, Recipe, Report, Task
from models_ml.ratings.content import CONTENT_MARTS, Content, content_of
from models_ml.ratings.out_of_fold import fit_known_rows
from models_ml.ratings.spread import SpreadModel

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BLOCK = 50_000
"""Rows whose vectors are in memory at once."""
SECONDS_PER_DAY = 86_400


class BayesianFM(SpreadModel):
    """A factorisation machine over the user, the movie and who rated what; days where asked.

    A rating is a constant, plus a weight for each feature, plus the dot products of the vectors of
    each two features (Rendle, Factorization machines, ICDM 2010). The features of a rating are its
    user, the set of movies that the user rated, its movie, the set of users who rated that, the
    movie's genres and its year, each set with the length 1: SVD++ in both directions, with content.
    With days there is one more, the day of the rating: timeSVD++ flipped (Rendle, Zhang and Koren,
    On the difficulty of evaluating baselines, 2019, arXiv:1905.01395). Nothing is tuned: Gibbs
    sampling draws all parameters, the strengths of their penalties among them, and a prediction is
    the mean over the draws (Rendle, Scaling factorization machines to relational data, VLDB 2013).
    The sampler is myFM's.

    The sets know which movies were rated in the fit's own rows, never in others. A user whom these
    do not hold is as the users are in the mean; a movie without ratings has its content; and a day
    without ratings adds nothing.

    Args:
        scale: The lowest and the highest rating, in stars; predictions stay between them.
        factors: Length of a vector.
        with_days: Whether the day of a rating is a feature.
        n_draws: Draws of the sampler.
        burn_in: First draws that are left out, as they still depend on the start.
        thinning: Of the rest, the last of each so many is kept: neighbours are much alike.
        level: The probability with which a rating is to lie in its interval.
        random_state: Seed of the sampler.

    Attributes:
        constants_: The constant of each kept draw, in stars, shape (draws,).
        user_ids_, movie_ids_, days_: Ids and days since 1970, ascending; no days without
            ``with_days``.
        user_biases_, movie_biases_, day_biases_: What each adds alone, shape (draws, users + 1) and
            so on; the last is for those not known: the mean of the users, else 0.
        user_factors_, movie_factors_, day_factors_: Their vectors, shape (draws, users + 1,
            factors) and so on, float32; the last likewise.
        noise_: The variance of a rating around what the parameters say, in squared stars, shape ().
    """

    state: ClassVar = (
        *("constants_", "user_ids_", "movie_ids_", "days_"),
        *("user_biases_", "movie_biases_", "day_biases_"),
        *("user_factors_", "movie_factors_", "day_factors_"),
        *("noise_", "reach_"),
    )

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 5.0),
        factors: int = 16,
        with_days: bool = False,
        n_draws: int = 200,
        burn_in: int = 20,
        thinning: int = 3,
        level: float = 0.9,
        random_state: int = 0,
    ) -> None:
        self.scale = scale
        self.factors = factors
        self.with_days = with_days
        self.n_draws = n_draws
        self.burn_in = burn_in
        self.thinning = thinning
        self.level = level
        self.random_state = random_state

    def fit(
        self,
        X: Ids,  # noqa: N803 (scikit-learn's name)
        y: Values,
        content: Content,
        times: Values | None = None,
        report: Report = lambda words: None,
    ) -> "BayesianFM":
        """Draw the parameters.

        Args:
            X: Ids, shape (ratings, 2): a user's and a movie's in each row.
            y: Ratings in stars, shape (ratings,).
            content: All movies.
            times: Seconds since 1970, shape (ratings,), NaN where not known; read with days alone.
            report: Called with a few words after each draw.

        Returns:
            The model itself.
        """
        from scipy import sparse

        myfm = load_myfm()
        self.user_ids_, self.movie_ids_ = np.unique(X[:, 0]), content.movie_ids
        days = self._days(times, len(X))
        self.days_ = np.unique(days[np.isfinite(days)])
        users, movies = codes_of(X[:, 0], self.user_ids_), codes_of(X[:, 1], self.movie_ids_)
        shape = len(self.user_ids_), len(self.movie_ids_)
        rated = sparse.csr_array((np.ones(len(y)), (users, movies)), shape=shape)
        of_users, sizes_of_users = _blocks([_identity(shape[0]), rated])
        years, codes = np.unique(np.nan_to_num(content.years), return_inverse=True)
        of_movies, sizes_of_movies = _blocks(
            [
                _identity(shape[1]),
                rated.T,
                sparse.csr_array(content.genres),
                _one_hot(codes, len(years)),
            ]
        )
        of_days = _one_hot(self._day_codes(days), len(self.days_))
        sizes = [len(self.days_), *sizes_of_users, *sizes_of_movies]
        model = myfm.MyFMRegressor(rank=self.factors, random_seed=self.random_state)
        model.fit(
            sparse.csr_matrix(of_days),
            y,
            X_rel=[
                myfm.RelationBlock(codes, sparse.csr_matrix(features))
                for codes, features in ((users, of_users), (movies, of_movies))
            ],
            n_iter=self.n_draws,
            n_kept_samples=self.n_draws - self.burn_in,
            group_shapes=[size for size in sizes if size],
            callback=self._callback(report),
        )
        self._extract(model.predictor_.samples, _identity(len(self.days_)), of_users, of_movies)
        precisions = [draw.alpha for draw in model.history_.hypers[self.burn_in :]]
        self.noise_ = np.float64(np.mean(1 / np.array(precisions)))
        return self

    def predict_with_spread(
        self,
        X: Ids,  # noqa: N803
        times: Values | None = None,
    ) -> tuple[Values, Values]:
        """Predict as :class:`SpreadModel` says: the mean over the draws, and how they differ."""
        codes = (
            codes_of(X[:, 0], self.user_ids_),
            codes_of(X[:, 1], self.movie_ids_),
            self._day_codes(self._days(times, len(X))),
        )
        predicted, variances = np.zeros(len(X)), np.zeros(len(X))
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            drawn = self._draws(*(part[rows] for part in codes))
            predicted[rows], variances[rows] = drawn.mean(axis=0), drawn.var(axis=0)
        return np.clip(predicted, *self.scale), np.sqrt(self.noise_ + variances)

    def _draws(self, users: Ids, movies: Ids, days: Ids) -> Values:
        """Predict by each draw, shape (draws, rows)."""
        drawn = np.empty((len(self.constants_), len(users)))
        for draw, constant in enumerate(self.constants_):
            biases = (
                self.user_biases_[draw, users]
                + self.movie_biases_[draw, movies]
                + self.day_biases_[draw, days]
            )
            of_user = self.user_factors_[draw, users]
            of_movie = self.movie_factors_[draw, movies]
            of_day = self.day_factors_[draw, days]
            products = of_user * of_movie + (of_user + of_movie) * of_day
            drawn[draw] = constant + biases + products.sum(axis=1)
        return drawn

    def _days(self, times: Values | None, count: int) -> Values:
        if times is None or not self.with_days:
            return np.full(count, np.nan)
        return np.asarray(np.floor(times / SECONDS_PER_DAY))

    def _day_codes(self, days: Values) -> Ids:
        return codes_of(np.nan_to_num(days, nan=-1e9).astype(np.int64), self.days_.astype(np.int64))

    def _callback(self, report: Report) -> Any:
        def tell(draw: int, *_: Any) -> tuple[bool, None]:
            report(f"draw {draw + 1} of {self.n_draws}")
            return False, None

        return tell

    def _extract(
        self, draws: list[Any], days: "csr_array", users: "csr_array", movies: "csr_array"
    ) -> None:
        """Add the features of each user, movie and day up, draw by draw.

        What two features of one user have between them depends on the user alone, so that it is
        a part of the user's bias.
        """
        kept = draws[:: -self.thinning][::-1]
        self.constants_ = np.array([draw.w0 for draw in kept])
        ends = np.cumsum([days.shape[1], users.shape[1]])
        for name, features, columns in (
            ("day", days, slice(0, ends[0])),
            ("user", users, slice(ends[0], ends[1])),
            ("movie", movies, slice(ends[1], None)),
        ):
            squared = features.power(2)
            biases = np.zeros((len(kept), features.shape[0] + 1), np.float32)
            vectors = np.zeros((len(kept), features.shape[0] + 1, self.factors), np.float32)
            for number, draw in enumerate(kept):
                factors = np.asarray(draw.V)[columns]
                summed = features @ factors
                within = (summed**2 - squared @ factors**2).sum(axis=1) / 2
                biases[number, :-1] = features @ np.asarray(draw.w)[columns] + within
                vectors[number, :-1] = summed
            if name == "user":
                biases[:, -1] = biases[:, :-1].mean(axis=1)
                vectors[:, -1] = vectors[:, :-1].mean(axis=1)
            setattr(self, f"{name}_biases_", biases)
            setattr(self, f"{name}_factors_", vectors)


def _blocks(parts: "list[csr_array]") -> tuple["csr_array", list[int]]:
    """Put features beside each other, each part with rows of length 1; and count those of each."""
    from scipy import sparse

    scaled = []
    for part in parts:
        lengths = np.sqrt(np.maximum(part.power(2).sum(axis=1), 1))
        scaled.append(sparse.diags_array(1 / lengths) @ part)
    return sparse.hstack(scaled, format="csr"), [part.shape[1] for part in parts]


def _identity(size: int) -> "csr_array":
    from scipy import sparse

    return sparse.csr_array(sparse.eye_array(size))


def _one_hot(codes: Ids, count: int) -> "csr_array":
    """Put a 1 into the column of each row's code; a code past the last has none."""
    from scipy import sparse

    rows = np.flatnonzero(codes < count)
    return sparse.csr_array((np.ones(len(rows)), (rows, codes[rows])), shape=(len(codes), count))


def train(task: Task, with_days: bool = False) -> Outcome:
    """Fit on all rows that are not test rows, and out of fold: see :func:`fit_known_rows`."""
    model = BayesianFM(**task.params, with_days=with_days, scale=task.scale, random_state=task.seed)
    model, results = fit_known_rows(model, task, content_of(task.marts))
    return Outcome(model, results, f"{len(model.constants_)} draws in the mean")


RECIPE = Recipe(
    name="bayesian_fm",
    role="ratings",
    description="A Bayesian factorisation machine over user, movie and who rated what.",
    model=BayesianFM,
    marts=CONTENT_MARTS,
    protocols=JUDGED_PROTOCOLS,
    effort="full",
    train=train,
)
RECIPE_WITH_DAYS = Recipe(
    name="bayesian_fm_days",
    role="ratings",
    description="The same with the day of the rating.",
    model=BayesianFM,
    marts=CONTENT_MARTS,
    protocols=JUDGED_PROTOCOLS,
    effort="full",
    track="time-aware",
    train=partial(train, with_days=True),
)
