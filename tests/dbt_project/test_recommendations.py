"""What is recommended and what is similar, held against naive computations over the same rows."""

import numpy as np
import pandas as pd
import pytest

from tests.pipeline import Pipeline


@pytest.fixture(scope="module")
def ratings(sample: Pipeline) -> pd.DataFrame:
    return frame(sample, "select user_id, movie_id, rating from core.fct_ratings")


@pytest.fixture(scope="module")
def vectors(sample: Pipeline) -> dict[str, pd.DataFrame]:
    """Biases and vectors of the last serving run of `embedding`, straight from ml."""
    return {
        entity: frame(
            sample,
            f"select {entity}_id, bias, embedding from ml.{entity}_embeddings where run_id = ("
            "select max_by(run_id, finished_at) from ml.runs"
            " where model = 'embedding' and protocol = 'serving')",
        ).set_index(f"{entity}_id")
        for entity in ("user", "movie")
    }


@pytest.fixture(scope="module")
def recommendations(sample: Pipeline) -> pd.DataFrame:
    return frame(sample, "select * from predictions.current_recommendations")


def frame(pipeline: Pipeline, query: str) -> pd.DataFrame:
    with pipeline.connect() as connection:
        return connection.execute(query).df()


def predicted(vectors: dict[str, pd.DataFrame], rows: pd.DataFrame) -> np.ndarray:
    users, movies = vectors["user"].loc[rows.user_id], vectors["movie"].loc[rows.movie_id]
    products = np.stack(list(users.embedding)).astype(float) * np.stack(list(movies.embedding))
    raw = users.bias.to_numpy() + movies.bias.to_numpy() + products.sum(axis=1)
    return np.clip(raw, 0.5, 5)


def test_every_user_has_twenty_movies_that_they_have_not_rated(
    recommendations: pd.DataFrame, ratings: pd.DataFrame
) -> None:
    ranks = recommendations.sort_values(["user_id", "rank"]).groupby("user_id")["rank"].agg(list)

    assert set(ranks.index) == set(ratings.user_id)
    assert all(of_user == list(range(1, 21)) for of_user in ranks)
    assert not recommendations.duplicated(["user_id", "movie_id"]).any()
    assert recommendations.merge(ratings, on=["user_id", "movie_id"]).empty


def test_lists_are_of_the_ranker_and_fall_in_score(
    sample: Pipeline, recommendations: pd.DataFrame
) -> None:
    ((run_id,),) = sample.rows(
        "select max_by(run_id, (model = 'ranker', finished_at)) from ml.runs"
        " where model in ('ease', 'ranker') and protocol = 'serving'"
    )
    scores = recommendations.sort_values(["user_id", "rank"]).groupby("user_id").score

    assert set(recommendations.run_id) == {run_id}
    assert all(of_user.is_monotonic_decreasing for _, of_user in scores)


def test_reasons_that_name_ratings_name_the_users_own(
    sample: Pipeline, recommendations: pd.DataFrame
) -> None:
    assert recommendations.reason.str.match("because you rated |popular").all()
    own = frame(
        sample,
        "select user_id, list(rating) as stars from core.fct_ratings group by user_id",
    ).set_index("user_id")
    named = recommendations[recommendations.reason.str.startswith("because")]
    last = named.reason.str.extract(r"(\d\.\d)$")[0].astype(float)
    assert all(stars in own.stars[user] for user, stars in zip(named.user_id, last, strict=True))


def test_predictions_of_lists_are_biases_and_products(
    recommendations: pd.DataFrame, vectors: dict[str, pd.DataFrame]
) -> None:
    np.testing.assert_allclose(
        recommendations.prediction, predicted(vectors, recommendations), atol=1e-5
    )


def test_intervals_are_as_wide_as_the_run_measured(
    sample: Pipeline, recommendations: pd.DataFrame
) -> None:
    ((half_width,),) = sample.rows(
        "select arg_max(value, run_id) from ml.metrics inner join ml.runs using (run_id)"
        " where metric = 'interval_half_width' and setting = 'level=0.9'"
        " and model = 'embedding' and protocol = 'serving'"
    )
    low = np.clip(recommendations.prediction - half_width, 0.5, 5)
    high = np.clip(recommendations.prediction + half_width, 0.5, 5)

    np.testing.assert_allclose(recommendations.lower_bound, low)
    np.testing.assert_allclose(recommendations.upper_bound, high)


def test_every_rating_stands_beside_its_prediction(
    sample: Pipeline, ratings: pd.DataFrame, vectors: dict[str, pd.DataFrame]
) -> None:
    rows = frame(sample, "select * from predictions.current_predictions")

    assert len(rows) == len(ratings)
    assert len(rows.merge(ratings, on=["user_id", "movie_id", "rating"])) == len(ratings)
    np.testing.assert_allclose(rows.prediction, predicted(vectors, rows), atol=1e-5)


def test_neighbours_are_the_nearest_of_the_well_known_movies(
    sample: Pipeline, ratings: pd.DataFrame, vectors: dict[str, pd.DataFrame]
) -> None:
    movies = vectors["movie"]
    unit = np.stack(list(movies.embedding)).astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    counts = ratings.movie_id.value_counts()
    known = movies.index.get_indexer(counts[counts >= 20].index.sort_values())
    cosines = unit @ unit[known].T
    cosines[known, np.arange(len(known))] = -np.inf

    rows = frame(sample, "select * from predictions.similar_movies order by movie_id, rank")

    assert set(rows.movie_id) == set(movies.index)
    assert rows["rank"].tolist() == list(range(1, 21)) * len(movies)
    similarity = rows.similarity.to_numpy().reshape(-1, 20)
    order = movies.index.get_indexer(pd.Index(rows.movie_id[::20]))
    # Cosines, not ids: neighbours that differ by a rounding may change places.
    np.testing.assert_allclose(similarity, -np.sort(-cosines[order])[:, :20], atol=1e-5)
    columns = {movie: place for place, movie in enumerate(movies.index[known])}
    places = rows.similar_movie_id.map(columns).to_numpy().reshape(-1, 20)
    np.testing.assert_allclose(
        similarity, np.take_along_axis(cosines[order], places, axis=1), atol=1e-5
    )


@pytest.mark.parametrize(
    ("title", "neighbour"),
    [
        ("Toy Story (1995)", "Toy Story 2 (1999)"),
        ("Godfather, The (1972)", "Godfather: Part II, The (1974)"),
    ],
)
def test_a_sequel_is_near(sample: Pipeline, title: str, neighbour: str) -> None:
    ((rank,),) = sample.rows(
        "select rank from predictions.similar_movies"
        f" where title = '{title}' and similar_title = '{neighbour}'"
    )
    assert rank <= 5


def test_recommendations_wait_for_training(sample: Pipeline) -> None:
    """The serving runs alone feed them: those of the protocols are measured, not served."""
    served = set(sample.rows("select run_id from predictions.movie_vectors group by run_id"))
    served |= set(sample.rows("select run_id from predictions.current_recommendations"))
    protocols = sample.rows(
        "select run_id from ml.runs"
        " where protocol = 'serving' and model in ('embedding', 'ease', 'ranker')"
    )
    assert served <= set(protocols)
