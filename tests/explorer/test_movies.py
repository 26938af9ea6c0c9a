"""What is shown of a movie equals what pandas finds in the ratings."""

import pandas as pd
import pytest

from explorer import movies
from tests.pipeline import Pipeline
from warehouse.published import read_published


@pytest.fixture(scope="module")
def ratings(sample: Pipeline) -> pd.DataFrame:
    with sample.connect() as connection:
        return connection.execute(
            "select movie_id, rating, rated_at, genres from core.fct_ratings"
            " inner join core.dim_movies using (movie_id)"
        ).df()


@pytest.mark.parametrize("movie_id", [318, 296, 1, 2064])
def test_score_and_its_parts(sample: Pipeline, ratings: pd.DataFrame, movie_id: int) -> None:
    with sample.connect() as connection:
        facts = movies.facts(connection, movie_id)
    grouped = ratings.groupby("movie_id")["rating"].agg(["size", "mean"])
    n, mean = int(grouped["size"][movie_id]), float(grouped["mean"][movie_id])
    scored = grouped[grouped["size"] >= 20]
    overall = ratings["rating"].mean()
    scores = (scored["size"] * scored["mean"] + 20 * overall) / (scored["size"] + 20)

    assert facts is not None
    assert (facts.rating_count, facts.weighted_score_m) == (n, 20)
    assert facts.mean_rating == pytest.approx(mean)
    assert facts.overall_mean == pytest.approx(overall)
    assert facts.weighted_score == pytest.approx(scores[movie_id], abs=1e-6)
    assert facts.score_rank == (scores.round(6) > round(scores[movie_id], 6)).sum() + 1
    assert facts.ranked_count == len(scored)
    assert f"= {facts.weighted_score:.3f}." in facts.weighing()
    assert f"{100 * n / (n + 20):.0f}%" in facts.weighing()


def test_ratings_by_year(sample: Pipeline, ratings: pd.DataFrame) -> None:
    with sample.connect() as connection:
        years = movies.years(connection, 296)
    own = ratings[ratings["movie_id"] == 296]
    expected = own.groupby(own["rated_at"].dt.year)["rating"].agg(["size", "mean"])
    assert years["year"].tolist() == expected.index.tolist()
    assert years["rating_count"].tolist() == expected["size"].tolist()
    assert years["mean_rating"].tolist() == pytest.approx(expected["mean"].tolist())


def test_genres_with_the_rank_in_each(sample: Pipeline) -> None:
    with sample.connect() as connection:
        genres = movies.genres(connection, 296)
        ranked = connection.execute("select * from analytics.movie_scores").df()
    assert [genre for genre, *_ in genres] == ["Comedy", "Crime", "Drama", "Thriller"]
    for genre, genre_rank, ranked_count, _ in genres:
        of_genre = ranked[[genre in of_movie.split("|") for of_movie in ranked["genres"]]]
        rank = of_genre.sort_values("score_rank")["movie_id"].tolist().index(296) + 1
        assert (genre_rank, ranked_count) == (rank, len(of_genre))


def test_similar_movies_are_those_of_the_relation(sample: Pipeline) -> None:
    with sample.connect() as connection:
        similar = movies.similar(connection, 296)
    rows = sample.rows(
        "select similar_movie_id, similarity from predictions.similar_movies"
        " where movie_id = 296 order by rank"
    )
    assert [(movie_id, similarity) for movie_id, _, _, similarity in similar] == rows
    assert len(rows) == 20


def test_a_movie_with_few_ratings_or_none_says_why_it_has_no_score(marked: Pipeline) -> None:
    with read_published(marked.warehouse) as connection:
        few, none = movies.facts(connection, 6), movies.facts(connection, 7)
        assert movies.facts(connection, 99) is None
        assert movies.similar(connection, 1) == []
        assert movies.genres(connection, 7) == [("Comedy", None, None, None)]
        assert movies.years(connection, 7).empty
        assert set(movies.best(connection, 3)) <= {1, 2, 3, 4, 5}
    assert few is not None
    assert none is not None
    assert few.weighing() == "A movie is scored from 20 ratings on; this one has 4."
    assert none.weighing() == "Nobody has rated this movie."
    assert (none.rating_count, none.mean_rating, none.score_rank) == (0, None, None)
