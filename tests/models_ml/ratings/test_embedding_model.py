"""The embedding model: its parts add up, shrink and fold in as its description says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.base import clone

from models_ml.ratings.conformal import conformal_quantile
from models_ml.ratings.embedding_model import (
    EmbeddingModel,
    ages_of,
    build_model,
    content_matrix,
    metrics,
)
from models_ml.ratings.predictions import embeddings

N_USERS, N_MOVIES = 60, 50
SILENT_USER, SILENT_MOVIE, BARE_MOVIE = 2, 4, 6
NOBODY, NOTHING = 10**9, 10**9


def planted(seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings of planted biases and one factor: even movies are romances, which users like or not.

    Ids are even. A user and two movies have no ratings, one of the movies no content either.
    """
    generator = np.random.default_rng(seed)
    users = 2 * np.arange(2, N_USERS + 2)
    movies = 2 * np.arange(4, N_MOVIES + 4)
    biases = dict(zip(users, generator.normal(scale=0.5, size=N_USERS), strict=True))
    likes = dict(zip(users, generator.normal(size=N_USERS), strict=True))
    quality = dict(zip(movies, generator.normal(scale=0.3, size=N_MOVIES), strict=True))
    rows = [
        (user, movie, 3.3 + biases[user] + quality[movie] + likes[user] * (1 if movie % 4 else -1))
        for user in users
        for movie in movies
        if generator.random() < 0.8
    ]
    ratings = pd.DataFrame(rows, columns=["user_id", "movie_id", "rating"])
    ratings["rating"] = ratings["rating"].clip(0.5, 5)
    ratings["is_validation"] = generator.random(len(ratings)) < 0.2
    content = pd.DataFrame(
        [(movie, "genre: Romance" if movie % 4 else "genre: War") for movie in movies]
        + [(SILENT_MOVIE, "genre: War")],
        columns=["movie_id", "feature"],
    )
    return ratings, content


def ids(rows: pd.DataFrame) -> np.ndarray:
    return rows[["user_id", "movie_id"]].to_numpy(np.int64)


def fit(data, **parameters) -> EmbeddingModel:
    ratings, content = data
    training, validation = ratings[~ratings["is_validation"]], ratings[ratings["is_validation"]]
    settings = {
        **{"factors": 4, "factor_ridge": 1.0, "content_ridge": 1.0, "dropout": 0.0},
        **{"batch_size": 512, "max_epochs": 30, "learning_rate": 0.04},
        **{name: parameters.pop(name) for name in list(parameters) if name != "ages"},
    }
    return EmbeddingModel(**settings).fit(
        ids(training),
        training["rating"].to_numpy(),
        (ids(validation), validation["rating"].to_numpy()),
        entities=(
            np.append(ratings["user_id"].unique(), SILENT_USER),
            np.append(ratings["movie_id"].unique(), [SILENT_MOVIE, BARE_MOVIE]),
        ),
        content=content,
        **parameters,
    )


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, pd.DataFrame]:
    return planted()


@pytest.fixture(scope="module")
def fitted(data) -> EmbeddingModel:
    return fit(data)


@pytest.fixture(scope="module")
def validation(data) -> pd.DataFrame:
    return data[0][data[0]["is_validation"]]


def position(model: EmbeddingModel, movie: int) -> int:
    return list(model.movie_ids_).index(movie)


def mse(model: EmbeddingModel, rows: pd.DataFrame) -> float:
    return float(np.mean((model.predict(ids(rows)) - rows["rating"]) ** 2))


class TestPredicting:
    def test_a_prediction_is_two_biases_and_a_dot_product_on_the_scale(
        self, fitted, validation
    ) -> None:
        users, movies = list(fitted.user_ids_), list(fitted.movie_ids_)
        naive = []
        for user, movie in ids(validation):
            u, m = users.index(user), movies.index(movie)
            vector = fitted.user_factors_[u] @ fitted.movie_factors_[m]
            naive.append(np.clip(fitted.user_biases_[u] + fitted.movie_biases_[m] + vector, 0.5, 5))
        np.testing.assert_allclose(fitted.predict(ids(validation)), naive, rtol=1e-9)

    def test_it_finds_what_was_planted(self, fitted, validation) -> None:
        assert mse(fitted, validation) < 0.05 < fitted.trials_[np.inf] / 5

    def test_a_user_without_ratings_is_as_somebody_unknown(self, fitted, validation) -> None:
        movies = validation["movie_id"].unique()
        silent = fitted.predict(np.column_stack([np.full(len(movies), SILENT_USER), movies]))
        unknown = fitted.predict(np.column_stack([np.full(len(movies), NOBODY), movies]))

        np.testing.assert_array_equal(silent, unknown)
        assert not fitted.user_factors_[-1].any()

    def test_a_movie_without_ratings_has_its_contents_vector(self, data, fitted) -> None:
        """Who likes romances is predicted to give the unrated war movie less than who does not."""
        ratings, _ = data
        is_romance = ratings["movie_id"] % 4 != 0
        likes_romance = (
            ratings[is_romance].groupby("user_id")["rating"].mean()
            - ratings[~is_romance].groupby("user_id")["rating"].mean()
        )
        users = likes_romance.index.to_numpy()
        vectors = fitted.user_factors_[np.searchsorted(fitted.user_ids_, users)]
        products = vectors @ fitted.movie_factors_[position(fitted, SILENT_MOVIE)]

        assert np.corrcoef(products, likes_romance)[0, 1] < -0.9

    def test_an_unknown_movie_is_as_the_movies_are_in_the_mean(self, fitted) -> None:
        """A movie of which nothing is known, and one with neither ratings nor content."""
        bare = position(fitted, BARE_MOVIE)

        assert np.isfinite(fitted.predict(np.array([[NOBODY, NOTHING]]))).all()
        np.testing.assert_allclose(
            fitted.movie_factors_[-1], fitted.movie_factors_[bare], atol=0.05
        )
        assert fitted.movie_biases_[-1] == pytest.approx(fitted.movie_biases_[bare], abs=0.05)


class TestFitting:
    def test_the_best_epochs_weights_are_kept(self, data, validation) -> None:
        model = fit(data, learning_rate=0.1, patience=3, max_epochs=60, scale=(-99.0, 99.0))
        losses = [row["val_loss"] for row in model.history_]

        assert len(losses) < 60
        assert losses.index(min(losses)) == len(losses) - 1 - 3
        assert mse(model, validation) == pytest.approx(min(losses), rel=1e-4)

    def test_the_history_holds_errors_without_penalties(self, data, validation) -> None:
        model = fit(data, max_epochs=2, factor_ridge=500.0, level=0.5)
        losses = [row["val_loss"] for row in model.history_]

        assert [row["epoch"] for row in model.history_] == [1, 2]
        assert all(row["seconds"] > 0 for row in model.history_)
        assert min(losses) == pytest.approx(mse(model, validation), rel=0.1)

    def test_another_seed_gives_another_model_and_the_same_seed_the_same(
        self, data, validation
    ) -> None:
        first, again, other = (fit(data, max_epochs=3, random_state=seed) for seed in (0, 0, 1))

        for name in EmbeddingModel.state:
            np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
        assert (other.predict(ids(validation)) != first.predict(ids(validation))).any()

    def test_ridges_shrink_what_they_name(self, data, fitted) -> None:
        def size(model: EmbeddingModel) -> float:
            return float(np.abs(model.user_factors_).mean())

        assert size(fit(data, factor_ridge=300.0, max_epochs=15)) < size(fitted) / 4
        strict = fit(data, user_ridge=1e5, max_epochs=2)
        assert np.abs(strict.user_biases_ - strict.user_biases_[-1]).max() < 0.1

    def test_few_ratings_move_a_movie_less_than_many(self) -> None:
        """One of two movies that everybody gives 5 stars has 1 rating and the other 40."""
        rows = [(user, 1, 5.0) for user in range(40)] + [(0, 2, 5.0)]
        rows += [(user, movie, 3.0) for user in range(40) for movie in range(3, 20)]
        ratings = pd.DataFrame(rows, columns=["user_id", "movie_id", "rating"])
        model = EmbeddingModel(max_epochs=3, factors=2).fit(
            ids(ratings), ratings["rating"].to_numpy(), (ids(ratings), ratings["rating"].to_numpy())
        )
        popular, rare = model.movie_biases_[1 - 1], model.movie_biases_[2 - 1]

        assert 0 < rare < popular / 2

    def test_old_ratings_weigh_less_only_where_that_helps(self, data) -> None:
        ratings, content = data
        changed = ratings.copy()
        is_old = (~changed["is_validation"]) & (changed.index % 2 == 0)
        changed.loc[is_old, "rating"] = 5.5 - changed.loc[is_old, "rating"]
        ages = np.where(is_old[~changed["is_validation"]], 20.0, 0.0)

        same = fit(data, ages=ages, half_life=5.0, max_epochs=1)
        weighted = fit((changed, content), ages=ages, half_life=5.0, max_epochs=1)

        assert same.trials_[np.inf] <= same.trials_[5.0]
        assert weighted.trials_[5.0] < weighted.trials_[np.inf]
        assert fit(data, ages=np.zeros(len(ages)), max_epochs=1).trials_.keys() == {np.inf}

    def test_intervals_hold_the_level_on_validation_rows(self, fitted, validation) -> None:
        stars = validation["rating"].to_numpy()
        errors = np.abs(fitted.predict(ids(validation)) - stars)
        lower, upper = fitted.predict_interval(ids(validation))

        assert fitted.half_width_ == conformal_quantile(errors, 0.9)
        assert np.mean((stars >= lower - 1e-12) & (stars <= upper + 1e-12)) >= 0.9
        assert lower.min() >= 0.5
        assert upper.max() <= 5

    def test_too_few_validation_rows_make_the_interval_the_scale(self) -> None:
        rows = np.array([[1, 1], [1, 2], [2, 1]])
        model = EmbeddingModel(max_epochs=1).fit(
            rows, np.array([3.0, 4, 5]), (rows[:2], np.array([3.0, 4]))
        )

        assert model.half_width_ == 4.5
        assert [end.tolist() for end in model.predict_interval(rows[:1])] == [[0.5], [5.0]]


class TestRefitting:
    def test_it_runs_as_many_epochs_as_were_best(self, data) -> None:
        """On the same rows it ends where the first fit was best."""
        ratings, content = data
        rows = ratings[~ratings["is_validation"]]
        model = fit(data, learning_rate=0.1, patience=3, max_epochs=60)
        first = model.user_factors_.copy(), model.half_width_
        model.refit(ids(rows), rows["rating"].to_numpy(), content)

        np.testing.assert_allclose(model.user_factors_, first[0], atol=1e-5)
        assert model.half_width_ == first[1]

    def test_it_learns_from_the_rows_that_chose(self, data, validation) -> None:
        ratings, content = data
        model = fit(data)
        before = mse(model, validation)
        model.refit(ids(ratings), ratings["rating"].to_numpy(), content)

        assert mse(model, validation) < before

    def test_old_ratings_weigh_as_was_chosen(self, data) -> None:
        ratings, content = data
        stars = ratings["rating"].to_numpy()
        ages = np.linspace(0, 20, len(ratings))
        model = fit(data, max_epochs=1)
        model.trials_ = {np.inf: 1.0, 5.0: 2.0}
        equal = model.refit(ids(ratings), stars, content, ages).user_biases_.copy()
        model.trials_ = {np.inf: 2.0, 5.0: 1.0}

        assert (model.refit(ids(ratings), stars, content, ages).user_biases_ != equal).any()


class TestFoldingIn:
    @pytest.mark.parametrize("user", [4, 20, 60])
    def test_it_minimises_the_penalised_error(self, data, fitted, user: int) -> None:
        rows = data[0][data[0]["user_id"] == user].head(12)
        positions = np.searchsorted(fitted.movie_ids_, rows["movie_id"])
        movie_factors, movie_biases = (
            fitted.movie_factors_[positions],
            fitted.movie_biases_[positions],
        )
        mean = fitted.user_biases_[-1]

        def loss(w: np.ndarray) -> float:
            errors = rows["rating"].to_numpy() - mean - w[0] - movie_biases - movie_factors @ w[1:]
            penalty = fitted.user_ridge * w[0] ** 2 + fitted.factor_ridge * (w[1:] ** 2).sum()
            return float((errors**2).sum() + penalty)

        expected = minimize(loss, np.zeros(5), tol=1e-12).x
        bias, vector = fitted.fold_in(rows["movie_id"].to_numpy(), rows["rating"].to_numpy())

        assert bias == pytest.approx(mean + expected[0], abs=1e-4)
        np.testing.assert_allclose(vector, expected[1:], atol=1e-4)

    def test_a_users_training_ratings_predict_the_validation_ratings(self, data, fitted) -> None:
        ratings, _ = data
        errors = []
        for _, rows in ratings.groupby("user_id"):
            known, asked = rows[~rows["is_validation"]], rows[rows["is_validation"]]
            bias, vector = fitted.fold_in(known["movie_id"], known["rating"])
            positions = np.searchsorted(fitted.movie_ids_, asked["movie_id"])
            products = fitted.movie_factors_[positions] @ vector
            predicted = np.clip(bias + fitted.movie_biases_[positions] + products, 0.5, 5)
            errors += list(predicted - asked["rating"])
        assert np.mean(np.square(errors)) < 0.05

    def test_somebody_new_with_a_users_ratings_gets_predictions_as_that_user_does(
        self, data, fitted
    ) -> None:
        ratings, _ = data
        user, rows = next(iter(ratings.groupby("user_id")))
        movies, stars = rows["movie_id"].to_numpy(), rows["rating"].to_numpy()
        asked = np.append(movies, NOTHING)
        folded = clone(fitted)
        for name in fitted.state:
            setattr(folded, name, np.array(getattr(fitted, name)))
        place = np.searchsorted(fitted.user_ids_, user)
        folded.user_biases_[place], folded.user_factors_[place] = fitted.fold_in(movies, stars)
        pairs = np.column_stack([np.full(len(asked), user), asked])

        predicted = fitted.predict_new(movies, stars, asked)

        np.testing.assert_allclose(predicted[0], folded.predict(pairs), rtol=1e-6)
        np.testing.assert_allclose(predicted[1:], folded.predict_interval(pairs), rtol=1e-6)

    def test_without_known_movies_it_is_somebody_nobody_knows(self, fitted) -> None:
        for movies in ([], [NOTHING], [NOTHING, -1]):
            bias, vector = fitted.fold_in(np.array(movies, int), np.full(len(movies), 5.0))
            assert bias == fitted.user_biases_[-1]
            assert vector.tolist() == [0, 0, 0, 0]

    def test_unknown_movies_change_nothing(self, fitted) -> None:
        movies = fitted.movie_ids_[5:8]
        bias, vector = fitted.fold_in(movies, np.array([5, 1, 3]))
        more = fitted.fold_in(np.append(movies, NOTHING), np.array([5, 1, 3, 1]))

        assert more[0] == bias
        np.testing.assert_array_equal(more[1], vector)

    @given(
        st.lists(
            st.tuples(st.integers(0, 200), st.sampled_from([0.5, 3.0, 5.0])),
            max_size=30,
        )
    )
    def test_it_is_finite_and_the_order_of_ratings_does_not_matter(self, fitted, rows) -> None:
        movies, stars = [row[0] for row in rows], [row[1] for row in rows]
        bias, vector = fitted.fold_in(np.array(movies, int), np.array(stars))
        turned = fitted.fold_in(np.array(movies[::-1], int), np.array(stars[::-1]))

        assert np.isfinite([bias, *vector]).all()
        assert turned[0] == pytest.approx(bias)
        np.testing.assert_allclose(turned[1], vector, atol=1e-9)

    def test_a_loaded_model_folds_in_the_same(self, fitted, tmp_path) -> None:
        fitted.save(tmp_path / "model")
        loaded = EmbeddingModel.load(tmp_path / "model")
        movies, stars = fitted.movie_ids_[:9], np.linspace(0.5, 5, 9)

        bias, vector = loaded.fold_in(movies, stars)

        assert bias == fitted.fold_in(movies, stars)[0]
        np.testing.assert_array_equal(vector, fitted.fold_in(movies, stars)[1])
        rows = np.column_stack([np.full(9, fitted.user_ids_[3]), movies])
        np.testing.assert_array_equal(loaded.predict_interval(rows), fitted.predict_interval(rows))


class TestContent:
    CONTENT = pd.DataFrame(
        [(1, "b"), (1, "a"), (2, "a"), (3, "c"), (99, "a")], columns=["movie_id", "feature"]
    )

    def test_features_are_columns_the_most_common_first(self) -> None:
        matrix = content_matrix(self.CONTENT, np.array([1, 2, 3]), most=9)
        assert matrix.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]

    def test_only_the_most_common_stay_and_the_rest_is_the_mean(self) -> None:
        matrix = content_matrix(self.CONTENT, np.array([1, 2, 3]), most=2)
        assert matrix.tolist() == [[1, 1], [1, 0], [1, 0.5]]

    def test_without_content_there_is_one_empty_column(self) -> None:
        for content in (None, self.CONTENT.head(0), self.CONTENT.tail(1)):
            assert content_matrix(content, np.array([1, 2]), most=9).tolist() == [[0], [0]]

    def test_ages_are_years_before_the_latest(self) -> None:
        times = pd.Series(pd.to_datetime(["2001-01-01", "2000-01-01", "NaT"]))
        np.testing.assert_allclose(ages_of(times), [0, 366 / 365.25, 0])
        assert ages_of(pd.Series([pd.NaT, pd.NaT])).tolist() == [0, 0]


class TestResults:
    def test_everybody_and_everything_has_a_vector_and_a_bias(self, fitted, validation) -> None:
        tables = embeddings(fitted)
        users, movies = (
            tables["user_embeddings"].set_index("user_id"),
            tables["movie_embeddings"].set_index("movie_id"),
        )
        assert SILENT_USER in users.index
        assert {SILENT_MOVIE, BARE_MOVIE} <= set(movies.index)
        predicted = [
            users["bias"][user]
            + movies["bias"][movie]
            + np.dot(users["embedding"][user], movies["embedding"][movie])
            for user, movie in ids(validation)
        ]
        np.testing.assert_allclose(
            np.clip(predicted, 0.5, 5), fitted.predict(ids(validation)), atol=1e-5
        )

    def test_what_was_chosen_stands_in_metrics(self, data, fitted) -> None:
        ages = np.linspace(0, 9, int((~data[0]["is_validation"]).sum()))
        rows = metrics(fit(data, ages=ages, max_epochs=1))

        assert list(rows["metric"]) == ["validation_mse"] * 2 + ["interval_half_width"]
        assert list(rows["setting"]) == ["equal weights", "half_life=7", "level=0.9"]
        assert metrics(fitted)["value"].iloc[-1] == fitted.half_width_


def test_the_network_is_the_formula() -> None:
    generator = np.random.default_rng(0)
    content = generator.integers(0, 2, (5, 3)).astype(np.float32)
    network = build_model(n_users=4, content=content, factors=2, mean=3.5)
    weights = {}
    for layer in network.layers:
        if layer.trainable_weights:
            weights[layer.name] = generator.normal(size=layer.get_weights()[0].shape)
            layer.set_weights([weights[layer.name]])
    inputs = {"user": np.array([[3]]), "movie": np.array([[1]])}

    vector = weights["movie_factors"][1] + content[1] @ weights["content_factors"]
    expected = (
        3.5
        + weights["user_bias"][3, 0]
        + weights["movie_bias"][1, 0]
        + (content[1] @ weights["content_bias"])[0]
        + weights["user_factors"][3] @ vector
    )
    assert float(network.predict(inputs, verbose=0)[0, 0]) == pytest.approx(expected, rel=1e-5)
    assert network.count_params() - content.size == 4 * 3 + 5 * 3 + 3 * 3
