"""The published figures of the reference analysis, and the same tests on a stand-in.

The analysis read the first 1,048,575 rows of MovieLens 25M, which may not be redistributed. Where
`data/ml-25m` is there (`make DATASET=ml-25m` downloads it), everything must come out as published,
to the last digit that was printed. The stand-in has the same shape, the first ratings of a larger
file, and what pandas and scikit-learn make of its files is what must come out: so every line here
runs wherever the tests do.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from models_ml.segments.rating_clusters import RatingClusters
from tests.conftest import BEGINNING
from tests.dbt_project.compiled import Compiled, fill
from tests.dbt_project.dataset import Dataset
from tests.pipeline import ROOT, Pipeline

DATA = ROOT / "data"
COLUMNS = ["user_id", "movie_id", "rating"]
STATISTICS = ("mean", "std", "min", "p25", "p50", "p75", "max")


@dataclass(frozen=True)
class Figures:
    """What an analysis prints.

    Attributes:
        counts: Of ratings, users, movies, rated movies and combinations of genres.
        missing: Columns of ratings and movies with missing values, and how many.
        summary: Table 1, each figure with half a unit of the last digit that was printed.
        shares: Of figure 1: ratings, and bounds of their share in per cent.
        film: Of table 2: a movie, its title and its genres.
        raters: Of table 2: users and their ratings of the film.
        standardised: Of figure 2: the same rows, what is known of them.
        cluster_means: Table 4.
        genre_counts: Table 6.
        scores: Table 7: title, number and mean of ratings, score.
        dramas: Table 8: the titles of five.
        most_rated: Table 9, which shortens titles: title, number and mean of ratings.
        most_ratings: Of figures 3 and 4: how many ratings the most rated movie of a scope has.
        test_count: Of section 5.
    """

    counts: tuple[int, int, int, int, int]
    missing: list[tuple[str, str, int]]
    summary: dict[str, list[tuple[float, float]]]
    shares: Mapping[tuple[Any, ...], tuple[float, float]]
    film: tuple[int, str, str]
    raters: list[tuple[int, float]]
    standardised: list[tuple[float | None, float, float]]
    cluster_means: list[tuple[float, float, float]]
    genre_counts: Mapping[Any, int]
    scores: list[tuple[str, int, float, float]]
    dramas: list[str]
    most_rated: list[tuple[str, int, float]]
    most_ratings: dict[str, int]
    test_count: int


PUBLISHED = Figures(
    counts=(1_048_575, 7045, 62_423, 22_240, 1264),
    # For the analysis `(no genres listed)` was a text like any other
    missing=[("movies", "genres", 5062)],
    summary={
        "user_id": [
            *((3575.093, 5e-4), (2016.420, 5e-4)),
            *((1, 0), (1843, 0), (3609, 0), (5322, 0), (7045, 0)),
        ],
        "movie_id": [
            *((21192.02, 5e-3), (39119.93, 5e-3)),
            *((1, 0), (1148, 0), (2858, 0), (8464, 0), (209163, 0)),
        ],
        "rating": [
            *((3.535808, 5e-7), (1.056276, 5e-7)),
            *((0.5, 0), (3.0, 0), (3.5, 0), (4.0, 0), (5.0, 0)),
        ],
    },
    # A bar chart; these are what the text says of it
    shares={
        **{(4.0,): (25, 27), (3.0,): (18, 20), (3.5,): (10, 15), (5.0,): (10, 15)},
        (0.5, 1.5): (0, 5),
    },
    film=(296, "Pulp Fiction (1994)", "Comedy|Crime|Drama|Thriller"),
    raters=[(1, 5.0), (3, 5.0), (4, 4.0)],
    standardised=[
        (-1.77249531, -0.53415307, 1.38618411),
        (-1.77150345, -0.53415307, 1.38618411),
        # The figure shows only the end of the third row
        (None, -0.53415307, 0.43946112),
    ],
    cluster_means=[
        (3603.199, 109037.543, 3.602622),
        (5338.727, 8057.924, 4.220521),
        (1800.929, 8067.978, 2.419818),
        (5308.466, 8302.925, 2.423259),
        (1787.637, 7924.643, 4.222825),
    ],
    genre_counts={
        **{"Adventure": 4145, "Animation": 2929, "Children": 2935, "Comedy": 16870},
        **{"Fantasy": 2731, "Romance": 7719, "Drama": 25606, "Action": 7348, "Crime": 5319},
        **{"Thriller": 8654, "Horror": 5989, "Mystery": 2925, "Sci-Fi": 3595, "IMAX": 195},
        **{"Documentary": 5605, "War": 1874, "Musical": 1054, "Western": 1399},
        **{"Film-Noir": 353, "None": 5062},
    },
    scores=[
        ("Shawshank Redemption, The (1994)", 3488, 4.436067, 4.430934),
        ("Godfather, The (1972)", 2175, 4.354253, 4.346796),
        ("Band of Brothers (2001)", 69, 4.565217, 4.333889),
        ("Godfather: Part II, The (1974)", 1415, 4.313781, 4.302938),
        ("Usual Suspects, The (1995)", 2393, 4.309235, 4.302825),
        ("Schindler's List (1993)", 2545, 4.276031, 4.270260),
        ("Planet Earth II (2016)", 50, 4.560000, 4.267374),
        ("One Flew Over the Cuckoo's Nest (1975)", 1504, 4.236370, 4.227176),
        ("Fight Club (1999)", 2530, 4.226285, 4.220869),
        ("Planet Earth (2006)", 83, 4.385542, 4.220545),
    ],
    dramas=[
        "Shawshank Redemption, The (1994)",
        "Godfather, The (1972)",
        "Band of Brothers (2001)",
        "Godfather: Part II, The (1974)",
        "Schindler's List (1993)",
    ],
    most_rated=[
        ("Forrest Gump", 3518, 4.057987),
        ("Shawshank Redemption", 3488, 4.436067),
        ("Pulp Fiction", 3418, 4.182417),
        ("Silence of the Lambs", 3227, 4.131546),
        ("Matrix", 3064, 4.160738),
        ("Star Wars: Episode IV", 2931, 4.101160),
        ("Jurassic Park", 2745, 3.687432),
        ("Schindler's List", 2545, 4.276031),
        ("Fight Club", 2530, 4.226285),
        ("Braveheart", 2516, 3.997417),
    ],
    # The most rated movie is a drama
    most_ratings={"all": 3518, "Drama": 3518},
    test_count=209_715,
)


def figures_of(dataset: Dataset) -> Figures:
    """What the analysis would print of a dataset without faults: pandas on its files."""
    ratings, movies, genres = dataset.ratings, dataset.movies, dataset.movie_genres
    numbers = ratings[COLUMNS].astype(float)
    described = numbers.describe().drop("count")
    z = StandardScaler().fit_transform(numbers)
    clusters = KMeans(5, n_init=10, random_state=0).fit_predict(z)
    rated = dataset.rated.sort_values(["rating_count", "movie_id"], ascending=[False, True])
    is_of_film = ratings["movie_id"] == rated["movie_id"].iloc[0]
    dramas = genres.loc[genres["genre"] == "Drama", "movie_id"]
    scores = dataset.scores.round({"mean_rating": 6})
    shares = 100 * ratings["rating"].value_counts(normalize=True)
    missing = {"genres": (movies["genres"] == "None").sum(), "title": movies["title"].isna().sum()}
    return Figures(
        counts=(
            *(len(ratings), ratings["user_id"].nunique()),
            *(len(movies), len(rated), rated["genres"].nunique()),
        ),
        missing=[("movies", name, count) for name, count in missing.items() if count],
        summary={name: [(value, 1e-9) for value in described[name]] for name in COLUMNS},
        shares={(stars,): (share - 1e-9, share + 1e-9) for stars, share in shares.items()},
        film=records(rated[["movie_id", "title", "genres"]])[0],
        raters=records(ratings.loc[is_of_film, ["user_id", "rating"]])[:3],
        standardised=[tuple(row) for row in z[is_of_film][:3]],
        cluster_means=records(numbers.groupby(clusters).mean()),
        genre_counts=genres["genre"].value_counts().to_dict(),
        scores=records(scores[["title", "rating_count", "mean_rating", "weighted_score"]])[:10],
        dramas=scores.loc[scores["movie_id"].isin(dramas), "title"].tolist()[:5],
        most_rated=records(rated[["title", "rating_count", "mean_rating"]].round(6))[:10],
        most_ratings={
            "all": rated["rating_count"].max(),
            "Drama": rated.loc[rated["movie_id"].isin(dramas), "rating_count"].max(),
        },
        test_count=round(0.2 * len(ratings)),
    )


def records(frame: pd.DataFrame) -> list[Any]:
    return list(frame.itertuples(index=False, name=None))


@dataclass(frozen=True)
class Reference:
    """A warehouse, and the figures that must come out of it."""

    pipeline: Pipeline
    figures: Figures

    def rows(self, query: str) -> list[tuple]:
        return self.pipeline.rows(query)


@pytest.fixture(scope="module", params=["ml-25m", "stand-in"])
def reference(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Reference:
    if request.param == "stand-in":
        stand_in = request.getfixturevalue("fittable")
        return Reference(stand_in, figures_of(Dataset(stand_in, DATA / "sample", BEGINNING)))
    if not (DATA / "ml-25m" / "ratings.csv").is_file():
        pytest.skip("data/ml-25m/ratings.csv is not there: make DATASET=ml-25m")
    pipeline = Pipeline(tmp_path_factory.mktemp("reference"))
    pipeline.make("build", DATASET=DATA / "ml-25m", LIMIT=PUBLISHED.counts[0])
    pipeline.make_features()
    return Reference(pipeline, PUBLISHED)


class TestCleaning:
    def test_nothing_is_refused_or_merged(self, reference: Reference) -> None:
        rows = reference.rows(
            "select table_name, read_count, accepted_count from quality.row_reconciliation"
            " where table_name in ('ratings', 'movies') order by table_name"
        )
        ratings, _, movies, *_ = reference.figures.counts
        assert rows == [("movies", movies, movies), ("ratings", ratings, ratings)]

    def test_nothing_else_is_missing(self, reference: Reference) -> None:
        rows = reference.rows(
            "select table_name, column_name, missing_count from quality.missing_values"
            " where table_name in ('ratings', 'movies') and missing_count > 0 order by all"
        )
        assert rows == reference.figures.missing

    def test_counts(self, reference: Reference) -> None:
        rows = reference.rows(
            "select rating_count, user_count, movie_count, rated_movie_count,"
            " genre_combination_count from analytics.dataset_summary"
        )
        assert rows == [reference.figures.counts]


class TestDescription:
    @pytest.mark.parametrize("column", COLUMNS)
    def test_table_1(self, reference: Reference, column: str) -> None:
        ((count, *values),) = reference.rows(
            f"select count, {', '.join(STATISTICS)} from analytics.rating_summary"
            f" where column_name = '{column}'"
        )
        assert count == reference.figures.counts[0]
        for value, (published, tolerance) in zip(
            values, reference.figures.summary[column], strict=True
        ):
            assert value == pytest.approx(published, rel=0, abs=tolerance)

    def test_figure_1(self, reference: Reference) -> None:
        share = dict(reference.rows("select rating, rating_pct from analytics.rating_distribution"))
        assert sorted(share) == [0.5 * step for step in range(1, 11)]
        for stars, (low, high) in reference.figures.shares.items():
            assert low < sum(share[rating] for rating in stars) < high


class TestJoinAndClusters:
    def test_table_2(self, reference: Reference) -> None:
        movie, *film = reference.figures.film
        users = ", ".join(str(user) for user, _ in reference.figures.raters)
        rows = reference.rows(
            "select user_id, movie_id, rating, title, genres from analytics.rated_movies"
            f" where user_id in ({users}) and movie_id = {movie} order by user_id"
        )
        assert rows == [(user, movie, rating, *film) for user, rating in reference.figures.raters]

    def test_figure_2(self, reference: Reference) -> None:
        users = ", ".join(str(user) for user, _ in reference.figures.raters)
        rows = reference.rows(
            "select user_id_z, movie_id_z, rating_z from analytics.standardised_ratings"
            f" where user_id in ({users}) and movie_id = {reference.figures.film[0]}"
            " order by user_id"
        )
        assert len(rows) == 3
        for row, figures in zip(rows, reference.figures.standardised, strict=True):
            known = [number for number in figures if number is not None]
            assert row[-len(known) :] == pytest.approx(known, rel=0, abs=5.1e-9)

    def test_figure_2_follows_from_table_1(self, compiled: Compiled) -> None:
        """To all eight places that were printed.

        Table 1 has seven digits, too few for eight places of z: the scales lie within what these
        digits allow, and are chosen so that all of the figure comes out. For ratings there is no
        choice: of all sums of 1,048,575 half stars only 3,707,560 fits.
        """
        count = PUBLISHED.counts[0]
        means = {"user_id": 3575.093, "movie_id": 21192.022, "rating": 3707560 / count}
        deviations = {"user_id": 2016.41984, "movie_id": 39119.932, "rating": 1.05627569}
        for column, (mean, deviation, *_) in PUBLISHED.summary.items():
            assert means[column] == pytest.approx(mean[0], rel=0, abs=mean[1])
            assert deviations[column] == pytest.approx(deviation[0], rel=0, abs=deviation[1])
        scales = pd.DataFrame({"mean": means, "std": deviations}).reset_index(names="column_name")
        scales["std"] *= math.sqrt((count - 1) / count)
        ratings = pd.DataFrame(PUBLISHED.raters, columns=["user_id", "rating"])
        ratings.insert(1, "movie_id", PUBLISHED.film[0])
        given = {
            "int_scales": "column_name varchar, mean double, std double",
            "fct_ratings": "user_id bigint, movie_id bigint, rating double",
        }
        with compiled.in_memory("standardised_ratings", given=given) as connection:
            fill(connection, {"intermediate.int_scales": scales, "core.fct_ratings": ratings})
            rows = connection.execute(
                "select round(columns('.*_z'), 8) from analytics.standardised_ratings"
                " order by user_id"
            ).fetchall()
        for row, figures in zip(rows, PUBLISHED.standardised, strict=True):
            known = [number for number in figures if number is not None]
            assert list(row[-len(known) :]) == known

    def test_table_4(self, reference: Reference) -> None:
        """K-means ends in one of several near optima, so the means agree to a few per cent."""
        with reference.pipeline.connect() as connection:
            rows = connection.execute(
                "select ratings.user_id, ratings.movie_id, ratings.rating,"
                " user_id_z, movie_id_z, rating_z from core.fct_ratings as ratings"
                " inner join analytics.standardised_ratings using (user_id, movie_id)"
                " order by user_id, movie_id"
            ).df()
        z = rows[["user_id_z", "movie_id_z", "rating_z"]].to_numpy(np.float64)
        means = records(rows[COLUMNS].groupby(RatingClusters().fit(z).predict(z)).mean())
        assert len(means) == len(reference.figures.cluster_means)
        for published in reference.figures.cluster_means:
            assert sum(mean == pytest.approx(published, rel=0.03) for mean in means) == 1


class TestGenresScoresAndPopularity:
    def test_table_6(self, reference: Reference) -> None:
        rows = reference.rows("select genre, movie_count from analytics.genre_counts")
        assert dict(rows) == reference.figures.genre_counts

    def test_one_flag_a_genre(self, reference: Reference) -> None:
        counts = reference.figures.genre_counts
        sums = ", ".join(f"sum({genre.lower().replace('-', '_')})" for genre in counts)
        rows = reference.rows(
            f"select count(*), sum(other), {sums} from analytics.movie_genre_flags"
        )
        assert rows == [(reference.figures.counts[2], 0, *counts.values())]

    def test_table_7(self, reference: Reference) -> None:
        rows = reference.rows(
            "select title, rating_count, round(mean_rating, 6), weighted_score"
            " from analytics.movie_scores order by score_rank limit 10"
        )
        assert rows == reference.figures.scores

    def test_table_8(self, reference: Reference) -> None:
        rows = reference.rows(
            "select title from analytics.top_movies_by_genre"
            " where genre = 'Drama' and genre_rank <= 5 order by genre_rank"
        )
        assert [title for (title,) in rows] == reference.figures.dramas

    def test_table_9(self, reference: Reference) -> None:
        rows = reference.rows(
            "select title, rating_count, round(mean_rating, 6)"
            " from analytics.most_rated_movies order by popularity_rank limit 10"
        )
        most_rated = reference.figures.most_rated
        assert [row[1:] for row in rows] == [row[1:] for row in most_rated]
        assert all(
            title.startswith(short)
            for (title, *_), (short, *_) in zip(rows, most_rated, strict=True)
        )

    @pytest.mark.parametrize("scope", ["all", "Drama"])
    def test_figures_3_and_4(self, reference: Reference, scope: str) -> None:
        """Densities of the number of ratings: most movies have few, and one has the most."""
        bins = reference.rows(
            "select lower_bound, upper_bound, density from analytics.rating_count_histogram"
            f" where scope = '{scope}' order by bin"
        )
        assert sum((upper - lower) * density for lower, upper, density in bins) == pytest.approx(1)
        assert bins[0][2] == max(density for *_, density in bins)
        lower, upper, _ = [row for row in bins if row[2]][-1]
        assert lower <= reference.figures.most_ratings[scope] < upper


class TestSplitAndCodes:
    """What section 5 starts from."""

    def test_split(self, reference: Reference) -> None:
        rows = reference.rows(
            "select random_split = 'test' as is_test, count(*) from features.rating_splits"
            " group by is_test"
        )
        tested = reference.figures.test_count
        assert dict(rows) == {True: tested, False: reference.figures.counts[0] - tested}

    def test_codes(self, reference: Reference) -> None:
        _, users, _, rated_movies, combinations = reference.figures.counts
        for entity, count in (("user", users), ("movie", rated_movies), ("genre", combinations)):
            rows = reference.rows(
                f"select min({entity}_code), max({entity}_code), count(*)"
                f" from features.{entity}_codes"
            )
            assert rows == [(0, count - 1, count)]
