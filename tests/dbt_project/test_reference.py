"""The published figures of the reference analysis, for whoever has its file.

The analysis read the first 1,048,575 rows of MovieLens 25M, which may not be redistributed. Where
`data/ml-25m` is there (`make DATASET=ml-25m` downloads it), everything must come out as published,
to the last digit that was printed.
"""

from collections.abc import Iterator

import duckdb
import pytest

from tests.pipeline import ROOT, Pipeline

RATINGS = ROOT / "data" / "ml-25m" / "ratings.csv"

pytestmark = pytest.mark.skipif(
    not RATINGS.is_file(), reason="data/ml-25m/ratings.csv is not there: make DATASET=ml-25m"
)

RATING_COUNT = 1_048_575

# Table 1: each figure with half a unit of the last digit that was printed
SUMMARY = {
    "user_id": {
        "mean": (3575.093, 5e-4),
        "std": (2016.420, 5e-4),
        "min": (1, 0),
        "p25": (1843, 0),
        "p50": (3609, 0),
        "p75": (5322, 0),
        "max": (7045, 0),
    },
    "movie_id": {
        "mean": (21192.02, 5e-3),
        "std": (39119.93, 5e-3),
        "min": (1, 0),
        "p25": (1148, 0),
        "p50": (2858, 0),
        "p75": (8464, 0),
        "max": (209163, 0),
    },
    "rating": {
        "mean": (3.535808, 5e-7),
        "std": (1.056276, 5e-7),
        "min": (0.5, 0),
        "p25": (3.0, 0),
        "p50": (3.5, 0),
        "p75": (4.0, 0),
        "max": (5.0, 0),
    },
}

# Table 4
CLUSTER_MEANS = [
    (3603.199, 109037.543, 3.602622),
    (5338.727, 8057.924, 4.220521),
    (1800.929, 8067.978, 2.419818),
    (5308.466, 8302.925, 2.423259),
    (1787.637, 7924.643, 4.222825),
]

# Table 6
GENRE_COUNTS = {
    **{"Adventure": 4145, "Animation": 2929, "Children": 2935, "Comedy": 16870, "Fantasy": 2731},
    **{"Romance": 7719, "Drama": 25606, "Action": 7348, "Crime": 5319, "Thriller": 8654},
    **{"Horror": 5989, "Mystery": 2925, "Sci-Fi": 3595, "IMAX": 195, "Documentary": 5605},
    **{"War": 1874, "Musical": 1054, "Western": 1399, "Film-Noir": 353, "None": 5062},
}

# Table 7
SCORES = [
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
]

# Table 9, which shortens titles
MOST_RATED = [
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
]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    pipeline = Pipeline(tmp_path_factory.mktemp("reference"))
    pipeline.make("build", DATASET=RATINGS.parent, LIMIT=RATING_COUNT)
    with pipeline.connect() as connection:
        yield connection


class TestCleaning:
    def test_nothing_is_refused_or_merged(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select table_name, read_count, accepted_count from quality.row_reconciliation"
            " where table_name in ('ratings', 'movies') order by table_name"
        ).fetchall()
        assert rows == [
            ("movies", 62_423, 62_423),
            ("ratings", RATING_COUNT, RATING_COUNT),
        ]

    def test_nothing_is_missing(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select table_name, column_name, missing_count from quality.missing_values"
            " where table_name in ('ratings', 'movies') and missing_count > 0"
        ).fetchall()
        # For the analysis `(no genres listed)` was a text like any other
        assert rows == [("movies", "genres", GENRE_COUNTS["None"])]

    def test_counts(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select rating_count, user_count, movie_count, rated_movie_count,"
            " genre_combination_count from analytics.dataset_summary"
        ).fetchall()
        assert rows == [(RATING_COUNT, 7045, 62_423, 22_240, 1264)]


class TestDescription:
    @pytest.mark.parametrize("column", SUMMARY)
    def test_table_1(self, reference: duckdb.DuckDBPyConnection, column: str) -> None:
        figures = SUMMARY[column]
        (row,) = reference.execute(
            f"select count, {', '.join(figures)} from analytics.rating_summary"
            " where column_name = ?",
            [column],
        ).fetchall()
        assert row[0] == RATING_COUNT
        for value, (published, tolerance) in zip(row[1:], figures.values(), strict=True):
            assert value == pytest.approx(published, rel=0, abs=tolerance)

    def test_figure_1(self, reference: duckdb.DuckDBPyConnection) -> None:
        """A bar chart of per cent; these are what its text says of it."""
        share = dict(
            reference.execute(
                "select rating, rating_pct from analytics.rating_distribution"
            ).fetchall()
        )
        assert sorted(share) == [0.5 * step for step in range(1, 11)]
        assert 25 < share[4.0] < 27
        assert 18 < share[3.0] < 20
        assert 10 < share[3.5] < 15
        assert 10 < share[5.0] < 15
        assert share[0.5] + share[1.5] < 5


class TestJoinAndClusters:
    def test_table_2(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select user_id, movie_id, rating, title, genres from analytics.rated_movies"
            " where user_id in (1, 3, 4) and movie_id = 296 order by user_id"
        ).fetchall()
        film = ("Pulp Fiction (1994)", "Comedy|Crime|Drama|Thriller")
        assert rows == [(1, 296, 5.0, *film), (3, 296, 5.0, *film), (4, 296, 4.0, *film)]

    def test_figure_2(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select user_id_z, movie_id_z, rating_z from analytics.standardised_ratings"
            " where user_id in (1, 3, 4) and movie_id = 296 order by user_id"
        ).fetchall()
        assert rows[0] == (-1.77249531, -0.53415307, 1.38618411)
        assert rows[1] == (-1.77150345, -0.53415307, 1.38618411)
        # Of the third row the figure shows the end
        assert rows[2][1:] == (-0.53415307, 0.43946112)

    def test_table_4(self, reference: duckdb.DuckDBPyConnection) -> None:
        """K-means ends in one of several near optima, so the means agree to a few per cent."""
        from models_ml.training import fit_rating_clusters

        clusters = fit_rating_clusters(reference).results["rating_clusters"]
        reference.register("rating_clusters", clusters)
        means = reference.execute(
            "select avg(user_id), avg(movie_id), avg(rating) from rating_clusters"
            " inner join core.fct_ratings using (user_id, movie_id) group by cluster"
        ).fetchall()
        assert len(means) == len(CLUSTER_MEANS)
        for published in CLUSTER_MEANS:
            assert sum(mean == pytest.approx(published, rel=0.03) for mean in means) == 1


class TestGenresScoresAndPopularity:
    def test_table_6(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute("select genre, movie_count from analytics.genre_counts").fetchall()
        assert dict(rows) == GENRE_COUNTS

    def test_one_flag_a_genre(self, reference: duckdb.DuckDBPyConnection) -> None:
        flags = {name: name.lower().replace("-", "_") for name in GENRE_COUNTS}
        sums = ", ".join(f"sum({flag})" for flag in flags.values())
        (row,) = reference.execute(
            f"select count(*), sum(other), {sums} from analytics.movie_genre_flags"
        ).fetchall()
        assert row == (62_423, 0, *GENRE_COUNTS.values())

    def test_table_7(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select title, rating_count, round(mean_rating, 6), weighted_score"
            " from analytics.movie_scores order by score_rank limit 10"
        ).fetchall()
        assert rows == SCORES

    def test_table_8(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select title from analytics.top_movies_by_genre"
            " where genre = 'Drama' and genre_rank <= 5 order by genre_rank"
        ).fetchall()
        assert [title for (title,) in rows] == [
            "Shawshank Redemption, The (1994)",
            "Godfather, The (1972)",
            "Band of Brothers (2001)",
            "Godfather: Part II, The (1974)",
            "Schindler's List (1993)",
        ]

    def test_table_9(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select title, rating_count, round(mean_rating, 6)"
            " from analytics.most_rated_movies order by popularity_rank limit 10"
        ).fetchall()
        assert [row[1:] for row in rows] == [row[1:] for row in MOST_RATED]
        assert all(
            title.startswith(short)
            for (title, *_), (short, *_) in zip(rows, MOST_RATED, strict=True)
        )

    @pytest.mark.parametrize("scope", ["all", "Drama"])
    def test_figures_3_and_4(self, reference: duckdb.DuckDBPyConnection, scope: str) -> None:
        """Densities of the number of ratings: most movies have few, and one has the most."""
        bins = reference.execute(
            "select lower_bound, upper_bound, density from analytics.rating_count_histogram"
            " where scope = ? order by bin",
            [scope],
        ).fetchall()
        assert sum((upper - lower) * density for lower, upper, density in bins) == pytest.approx(1)
        assert bins[0][2] == max(density for *_, density in bins)
        assert bins[-1][0] <= MOST_RATED[0][1] < bins[-1][1]


class TestSplitAndCodes:
    """What section 5 starts from."""

    def test_split(self, reference: duckdb.DuckDBPyConnection) -> None:
        rows = reference.execute(
            "select random_split = 'test' as is_test, count(*) from features.rating_splits"
            " group by is_test"
        ).fetchall()
        assert dict(rows) == {True: 209_715, False: 838_860}

    def test_codes(self, reference: duckdb.DuckDBPyConnection) -> None:
        for entity, count in (("user", 7045), ("movie", 22_240), ("genre", 1264)):
            rows = reference.execute(
                f"select min({entity}_code), max({entity}_code), count(*)"
                f" from features.{entity}_codes"
            ).fetchall()
            assert rows == [(0, count - 1, count)]
