"""The matrix factorisation is the reference's, and what it says of itself is true."""

import numpy as np
import pytest

from models_ml.matrix_factorisation import MatrixFactorisation, build_model

N_USERS, N_MOVIES = 40, 30


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ratings made of two planted factors: codes and stars, to train and to validate."""
    generator = np.random.default_rng(7)
    users = generator.normal(size=(N_USERS, 2))
    movies = generator.normal(size=(N_MOVIES, 2))
    codes = np.array([(u, m) for u in range(N_USERS) for m in range(N_MOVIES)])
    stars = np.clip(3 + (users[codes[:, 0]] * movies[codes[:, 1]]).sum(axis=1), 0.5, 5)
    is_validation = generator.random(len(codes)) < 0.2
    return (
        codes[~is_validation],
        stars[~is_validation],
        codes[is_validation],
        stars[is_validation],
    )


def fit(data, **parameters) -> MatrixFactorisation:
    codes, stars, validation_codes, validation_stars = data
    model = MatrixFactorisation(
        N_USERS,
        N_MOVIES,
        **{"factors": 4, "learning_rate": 0.01, "batch_size": 64, "max_epochs": 15, **parameters},
    )
    return model.fit(codes, stars, (validation_codes, validation_stars))


@pytest.fixture(scope="module")
def fitted(data) -> MatrixFactorisation:
    return fit(data)


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
    codes = data[2]
    naive = [
        min(5.0, max(0.5, float(fitted.user_factors_[user] @ fitted.movie_factors_[movie])))
        for user, movie in codes
    ]
    np.testing.assert_allclose(fitted.predict(codes), naive, rtol=1e-5)


def test_the_best_epochs_weights_are_kept(data) -> None:
    model = fit(data, max_epochs=60, patience=2, learning_rate=0.05)
    losses = [row["val_loss"] for row in model.history_]
    unclipped = (model.user_factors_[data[2][:, 0]] * model.movie_factors_[data[2][:, 1]]).sum(1)
    assert len(losses) < 60
    assert losses.index(min(losses)) == len(losses) - 3
    assert np.mean((unclipped - data[3]) ** 2) == pytest.approx(min(losses), rel=1e-5)


def test_it_learns(data, fitted) -> None:
    losses = [row["val_loss"] for row in fitted.history_]
    assert losses[-1] < losses[0] / 5
    assert [row["epoch"] for row in fitted.history_] == list(range(1, len(losses) + 1))
    assert all(row["seconds"] > 0 for row in fitted.history_)


def test_the_same_seed_gives_the_same_predictions_and_another_seed_others(data, fitted) -> None:
    np.testing.assert_array_equal(fit(data).predict(data[2]), fitted.predict(data[2]))
    assert not np.array_equal(fit(data, random_state=1).predict(data[2]), fitted.predict(data[2]))


def test_users_and_movies_without_training_rows_get_a_prediction(data, fitted) -> None:
    unseen = MatrixFactorisation(N_USERS + 5, N_MOVIES + 5, max_epochs=1)
    unseen.fit(data[0], data[1], (data[2], data[3]))
    predicted = unseen.predict(np.array([[N_USERS + 4, N_MOVIES + 4], [0, N_MOVIES + 1]]))
    assert ((predicted >= 0.5) & (predicted <= 5)).all()


def test_parameters_survive_a_round_trip() -> None:
    model = MatrixFactorisation(3, 4, factors=7, patience=5)
    assert MatrixFactorisation(**model.get_params()).get_params() == model.get_params()


def test_each_epoch_is_reported(data) -> None:
    seen = []
    codes, stars, validation_codes, validation_stars = data
    MatrixFactorisation(N_USERS, N_MOVIES, max_epochs=3).fit(
        codes, stars, (validation_codes, validation_stars), report=lambda *row: seen.append(row)
    )
    assert [epoch for epoch, _, _ in seen] == [1, 2, 3]
