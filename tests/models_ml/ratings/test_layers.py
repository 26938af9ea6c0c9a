"""A network's layers as rows."""

import duckdb

from models_ml.fitting.backend import load_keras
from models_ml.ratings.layers import network_layers
from models_ml.ratings.matrix_factorisation import build_model
from warehouse.tables import create_tables


def test_each_layer_is_a_row_that_names_what_it_reads() -> None:
    layers = network_layers(build_model(n_users=4, n_movies=6, factors=2))

    assert layers.to_numpy().tolist() == [
        [1, "Item", "Input", "a number", 0, False, []],
        [2, "User", "Input", "a number", 0, False, []],
        [3, "movie_factors", "Embedding", "1 x 2 numbers", 14, True, ["Item"]],
        [4, "user_factors", "Embedding", "1 x 2 numbers", 10, True, ["User"]],
        [5, "movie_factors_flat", "Flatten", "2 numbers", 0, False, ["movie_factors"]],
        [6, "user_factors_flat", "Flatten", "2 numbers", 0, False, ["user_factors"]],
        [7, "rating", "Dot", "a number", 0, False, ["movie_factors_flat", "user_factors_flat"]],
    ]


def test_inputs_come_first_and_what_is_not_trained_is_said() -> None:
    """Keras puts an input that is read late behind layers that come before it."""
    layers = load_keras().layers
    early, late = layers.Input((3,), name="early"), layers.Input((2,), name="late")
    fixed = layers.Dense(2, trainable=False, name="fixed")(early)
    network = load_keras().Model([early, late], layers.Add(name="sum")([fixed, late]))

    rows = network_layers(network).set_index("layer")

    assert rows.index.tolist() == ["early", "late", "fixed", "sum"]
    assert (rows["weight_count"]["fixed"], rows["is_trained"]["fixed"]) == (8, False)
    assert rows["inputs"]["sum"] == ["fixed", "late"]


def test_the_rows_fit_the_table() -> None:
    rows = network_layers(build_model(n_users=4, n_movies=6, factors=2))
    with duckdb.connect() as connection:
        create_tables(connection, "ml")
        connection.register("result", rows)
        connection.execute(
            "insert into ml.network_layers by name select 'a' as run_id, * from result"
        )
        found = connection.execute(
            "select * exclude run_id from ml.network_layers order by position"
        )

        assert [list(row) for row in found.fetchall()] == rows.to_numpy().tolist()
