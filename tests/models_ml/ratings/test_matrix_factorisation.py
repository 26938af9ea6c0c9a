"""The matrix factorisation is the reference's, and what it says of itself is true."""

import numpy as np
import pytest

from models_ml.ratings.matrix_factorisation import MatrixFactorisation, build_model

N_USERS, N_MOVIES = 40, 30


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ratings made of two planted factors: ids and stars, to train and to validate."""
    generator = np.random.default_rng(7)
    users = generator.normal(size=(N_USERS, 2))
    movies = generator.normal(size=(N_MOVIES, 2))
    codes = np.array([(u, m) for u in range(N_USERS) for m in range(N_MOVIES)])
    stars = np.clip(3 + (users[codes[:, 0]] * movies[codes[:, 1]]).sum(axis=1), 0.5, 5)
    ids = codes * 3 + 100
    is_validation = generator.random(len(codes)) < 0.2
    return ids[~is_validation], stars[~is_validation], ids[is_validation], stars[is_validation]


def fit(data, **parameters) -> MatrixFactorisation:
    ids, stars, *validation = data
    model = MatrixFactorisation(
        **{"factors": 4, "learning_rate": 0.01, "batch_size": 64, "max_epochs": 15, **parameters}
    )
    return model.fit(ids, stars, tuple(validation))


@pytest.fixture(scope="module")
def fitted(data) -> MatrixFactorisation:
    return fit(data)


def product(model: MatrixFactorisation, user: int, movie: int) -> float:
    user_row = list(model.user_ids_).index(user)
    movie_row = list(model.movie_ids_).index(movie)
    return float(model.user_factors_[user_row] @ model.movie_factors_[movie_row])


def test_the_reference_has_292_870_parameters() -> None:
    model = build_model(n_users=7_045, n_movies=22_240, factors=10)
    assert model.count_params() == 292_870
    assert model.get_layer("movie_factors").count_params() == 222_410
    assert model.get_layer("user_factors").count_params() == 70_460
    assert [tensor.name for tensor in model.inputs] == ["Item", "User"]
    assert [type(layer).__name__ for layer in model.layers] == [
        *("InputLayer", "InputLayer", "Embedding", "Embedding", "Flatten", "Flatten", "Dot"),
    ]


def test_a_prediction_is_the_dot_product_of_two_vectors_on_the_scale(data, fitted) -> None:
    naive = [min(5.0, max(0.5, product(fitted, user, movie))) for user, movie in data[2]]
    np.testing.assert_allclose(fitted.predict(data[2]), naive, rtol=1e-5)


def test_the_best_epochs_weights_are_kept(data) -> None:
    model = fit(data, max_epochs=60, patience=2, learning_rate=0.05)
    losses = [row["val_loss"] for row in model.history_]
    unclipped = np.array([product(model, user, movie) for user, movie in data[2]])
    assert len(losses) < 60
    assert losses.index(min(losses)) == len(losses) - 3
    assert np.mean((unclipped - data[3]) ** 2) == pytest.approx(min(losses), rel=1e-5)


def test_it_learns(data, fitted) -> None:
    losses = [row["val_loss"] for row in fitted.history_]
    assert losses[-1] < losses[0] / 5
    assert [row["epoch"] for row in fitted.history_] == list(range(1, len(losses) + 1))
    assert all(row["seconds"] > 0 for row in fitted.history_)


def test_another_seed_gives_other_predictions(data, fitted) -> None:
    assert not np.array_equal(fit(data, random_state=1).predict(data[2]), fitted.predict(data[2]))


def test_entities_without_training_rows_have_vectors_of_their_own(data) -> None:
    ids, stars, *validation = data
    users, movies = np.append(ids[:, 0], [7, 8]), np.append(ids[:, 1], 9)
    model = MatrixFactorisation(max_epochs=1).fit(ids, stars, tuple(validation), (users, movies))
    assert len(model.user_factors_) == N_USERS + 2 + 1
    assert len(model.movie_factors_) == N_MOVIES + 1 + 1
    predicted = model.predict(np.array([[7, 9], [8, 9], [ids[0, 0], 9]]))
    assert ((predicted >= 0.5) & (predicted <= 5)).all()


def test_each_epoch_is_reported(data) -> None:
    seen: list[str] = []
    ids, stars, *validation = data
    model = MatrixFactorisation(max_epochs=3)
    model.fit(ids, stars, tuple(validation), report=seen.append)
    assert seen == [
        f"epoch {epoch}, loss {row['loss']:.4f}, validation loss {row['val_loss']:.4f}"
        for epoch, row in enumerate(model.history_, start=1)
    ]
    assert len(seen) == 3
