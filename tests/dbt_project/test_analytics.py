"""Every analytics, core and features relation against pandas, from the raw files alone.

Nothing here reads the warehouse's own intermediate relations: what pandas computes starts at the
CSV files, so a mistake in a model cannot hide behind the model that it builds on.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests.conftest import RELEASE
from tests.dbt_project.dataset import Dataset
from tests.pipeline import ROOT

BINS = 50

GENRES = (
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary"),
    *("Drama", "Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance"),
    *("Sci-Fi", "Thriller", "War", "Western", "None"),
)


@pytest.fixture(scope="module", params=["sample", "release"])
def dataset(request: pytest.FixtureRequest) -> Dataset:
    folder = {"sample": ROOT / "data" / "sample", "release": RELEASE}[request.param]
    return Dataset(request.getfixturevalue(request.param), folder)


def assert_same(actual: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Same rows in the same order in the columns of ``expected``; floats to nine digits."""
    pd.testing.assert_frame_equal(
        actual[list(expected.columns)].reset_index(drop=True),
        expected.reset_index(drop=True),
        check_dtype=False,
        rtol=1e-9,
        atol=1e-12,
    )


def test_the_files_have_no_faults_that_pandas_would_have_to_judge(dataset: Dataset) -> None:
    (refused,) = dataset.pipeline.rows(
        "select sum(quarantined_count) from quality.row_reconciliation"
    )
    assert refused == (0,)


class TestCore:
    def test_fct_ratings(self, dataset: Dataset) -> None:
        assert_same(dataset.relation("core.fct_ratings", "user_id, movie_id"), dataset.ratings)

    def test_dim_movies(self, dataset: Dataset) -> None:
        actual = dataset.relation("core.dim_movies", "movie_id")
        columns = ["movie_id", "title", "release_year", "genres"]
        assert_same(actual, dataset.movies[columns])

    def test_dim_movies_carries_links(self, dataset: Dataset) -> None:
        path = dataset.folder / "links.csv"
        actual = dataset.relation("core.dim_movies", "movie_id")
        if not path.exists():
            assert actual[["imdb_id", "tmdb_id"]].isna().all(axis=None)
            return
        columns = {"movieId": "movie_id", "imdbId": "imdb_id", "tmdbId": "tmdb_id"}
        links = pd.read_csv(path, dtype={"imdbId": str, "tmdbId": str}).rename(columns=columns)
        assert_same(actual, dataset.movies[["movie_id"]].merge(links, on="movie_id", how="left"))

    def test_dim_users(self, dataset: Dataset) -> None:
        expected = dataset.ratings.groupby("user_id", as_index=False).agg(
            rating_count=("rating", "count"),
            mean_rating=("rating", "mean"),
            first_rated_at=("rated_at", "min"),
            last_rated_at=("rated_at", "max"),
        )
        assert_same(dataset.relation("core.dim_users", "user_id"), expected)

    def test_bridge_movie_genres(self, dataset: Dataset) -> None:
        actual = dataset.relation("core.bridge_movie_genres", "movie_id, genre")
        assert_same(actual, dataset.movie_genres)

    def test_fct_tags(self, dataset: Dataset) -> None:
        path = dataset.folder / "tags.csv"
        actual = dataset.relation("core.fct_tags", "user_id, movie_id, tag")
        if not path.exists():
            assert actual.empty
            return
        names = {"userId": "user_id", "movieId": "movie_id"}
        tags = pd.read_csv(path).rename(columns=names)
        tags["tagged_at"] = pd.to_datetime(tags["timestamp"], unit="s").astype("datetime64[us]")
        expected = tags.groupby(["user_id", "movie_id", "tag"], as_index=False)[["tagged_at"]].min()
        assert_same(actual, expected)


class TestQuality:
    def test_missing_values(self, dataset: Dataset) -> None:
        tables = {
            "ratings": (dataset.raw_ratings, ["user_id", "movie_id", "rating", "rated_at"]),
            "movies": (
                dataset.raw_movies.replace("(no genres listed)", None),
                ["movie_id", "title", "genres"],
            ),
        }
        expected = pd.DataFrame(
            [
                (table, name, len(frame), frame[name].isna().sum(), 100 * frame[name].isna().mean())
                for table, (frame, names) in tables.items()
                for name in names
            ],
            columns=["table_name", "column_name", "row_count", "missing_count", "missing_pct"],
        ).sort_values(["table_name", "column_name"])
        actual = dataset.relation("quality.missing_values", "table_name, column_name")
        assert_same(actual[actual["table_name"].isin(list(tables))], expected)

    def test_duplicate_ratings(self, dataset: Dataset) -> None:
        grouped = dataset.raw_ratings.groupby(["user_id", "movie_id"], as_index=False)["rating"]
        counts = grouped.agg(["count", "max"]).query("count > 1")
        actual = dataset.relation("quality.duplicate_ratings", "user_id, movie_id")
        assert actual["rating_count"].tolist() == counts["count"].tolist()
        assert actual["kept_rating"].tolist() == counts["max"].tolist()


class TestAnalytics:
    def test_dataset_summary(self, dataset: Dataset) -> None:
        expected = pd.DataFrame(
            {
                "rating_count": [len(dataset.ratings)],
                "user_count": dataset.ratings["user_id"].nunique(),
                "movie_count": dataset.movies["movie_id"].nunique(),
                "rated_movie_count": dataset.ratings["movie_id"].nunique(),
                "genre_combination_count": dataset.rated["genres"].nunique(),
                "mean_rating": dataset.ratings["rating"].mean(),
                "first_rated_at": dataset.ratings["rated_at"].min(),
                "last_rated_at": dataset.ratings["rated_at"].max(),
                "scale_min": 0.5,
                "scale_max": 5.0,
                "scale_step": 0.5,
                "weighted_score_m": 20.0,
            }
        )
        assert_same(dataset.relation("analytics.dataset_summary", "1"), expected)

    def test_rating_summary_is_describe(self, dataset: Dataset) -> None:
        described = dataset.ratings[["user_id", "movie_id", "rating"]].describe().T
        expected = described.rename(columns={"25%": "p25", "50%": "p50", "75%": "p75"})
        expected = expected.rename_axis("column_name").sort_index().reset_index()
        assert_same(dataset.relation("analytics.rating_summary", "column_name"), expected)

    def test_rating_distribution(self, dataset: Dataset) -> None:
        counts = dataset.ratings["rating"].value_counts().sort_index()
        expected = pd.DataFrame(
            {
                "rating": counts.index,
                "rating_count": counts.to_numpy(),
                "rating_pct": 100 * counts.to_numpy() / len(dataset.ratings),
            }
        )
        assert_same(dataset.relation("analytics.rating_distribution", "rating"), expected)

    def test_rated_movies(self, dataset: Dataset) -> None:
        titles = dataset.movies[["movie_id", "title", "genres"]]
        expected = dataset.ratings.merge(titles, on="movie_id")
        expected = expected.sort_values(["user_id", "movie_id"])
        assert_same(dataset.relation("analytics.rated_movies", "user_id, movie_id"), expected)

    def test_standardised_ratings_have_population_deviations(self, dataset: Dataset) -> None:
        columns = ["user_id", "movie_id", "rating"]
        values = dataset.ratings[columns].to_numpy(float)
        z = (values - values.mean(axis=0)) / values.std(axis=0)
        actual = dataset.relation("analytics.standardised_ratings", "user_id, movie_id")
        assert actual[columns].equals(dataset.ratings[columns])
        np.testing.assert_allclose(actual[["user_id_z", "movie_id_z", "rating_z"]], z, rtol=1e-9)

    def test_genre_counts(self, dataset: Dataset) -> None:
        genres = dataset.movie_genres.merge(dataset.ratings, on="movie_id", how="left")
        rated = genres.dropna(subset="rating")
        by_genre = genres.groupby("genre")
        expected = pd.DataFrame(
            {
                "movie_count": by_genre["movie_id"].nunique(),
                "rated_movie_count": rated.groupby("genre")["movie_id"].nunique(),
                "rating_count": by_genre["rating"].count(),
                "mean_rating": by_genre["rating"].mean(),
            }
        ).reset_index()
        expected["rated_movie_count"] = expected["rated_movie_count"].fillna(0)
        assert_same(dataset.relation("analytics.genre_counts", "genre"), expected)

    def test_movie_genre_flags_are_dummies(self, dataset: Dataset) -> None:
        dummies = dataset.movies["genres"].str.get_dummies("|")
        dummies = dummies.reindex(columns=list(GENRES), fill_value=0)
        dummies.columns = [genre.lower().replace("-", "_") for genre in GENRES]
        expected = pd.concat([dataset.movies[["movie_id"]], dummies], axis=1).assign(other=0)
        actual = dataset.relation("analytics.movie_genre_flags", "movie_id")
        assert list(actual.columns) == list(expected.columns)
        assert_same(actual, expected)

    def test_movie_scores(self, dataset: Dataset) -> None:
        columns = ["movie_id", "title", "genres", "rating_count", "mean_rating"]
        expected = dataset.scores[[*columns, "weighted_score", "score_rank"]]
        assert_same(dataset.relation("analytics.movie_scores", "score_rank"), expected)

    def test_top_movies_by_genre(self, dataset: Dataset) -> None:
        merged = dataset.scores.merge(dataset.movie_genres, on="movie_id")
        expected = merged.sort_values(["genre", "score_rank"])
        expected["genre_rank"] = expected.groupby("genre").cumcount() + 1
        columns = ["genre", "genre_rank", "movie_id", "title", "genres", "rating_count"]
        columns += ["mean_rating", "weighted_score", "score_rank"]
        actual = dataset.relation("analytics.top_movies_by_genre", "genre, genre_rank")
        assert_same(actual, expected[columns])

    def test_most_rated_movies(self, dataset: Dataset) -> None:
        expected = dataset.rated.sort_values(["rating_count", "movie_id"], ascending=[False, True])
        expected = expected.assign(popularity_rank=range(1, len(expected) + 1))
        columns = ["movie_id", "title", "genres", "rating_count", "mean_rating", "popularity_rank"]
        actual = dataset.relation("analytics.most_rated_movies", "popularity_rank")
        assert_same(actual, expected[columns])

    def test_start_list_takes_the_best_of_each_genre_in_turn(self, dataset: Dataset) -> None:
        rated = dataset.rated.set_index("movie_id")
        stars = rated["rating_count"] * (rated["mean_rating"] - dataset.ratings["rating"].mean())
        best_first = stars.round(6).sort_values(ascending=False, kind="stable").index
        genres = dataset.movie_genres.groupby("genre")["movie_id"].agg(set).drop("None")
        expected: list[int] = []
        turn = 0
        while len(expected) < 20:
            ranked = [[movie for movie in best_first if movie in members] for members in genres]
            movies = {movies[turn] for movies in ranked if len(movies) > turn} - set(expected)
            expected += [movie for movie in best_first if movie in movies]
            turn += 1
        actual = dataset.relation("analytics.start_list", "rank")
        assert actual["movie_id"].tolist() == expected[:20]

    def test_rating_count_histogram_is_numpys(self, dataset: Dataset) -> None:
        actual = dataset.relation("analytics.rating_count_histogram", "scope, bin")
        counts = {"all": dataset.rated["rating_count"]}
        by_genre = dataset.rated.merge(dataset.movie_genres, on="movie_id").groupby("genre")
        counts |= {str(genre): rows["rating_count"] for genre, rows in by_genre}
        assert set(actual["scope"]) == set(counts)
        for scope, bins in actual.groupby("scope"):
            values = counts[str(scope)]
            edges = [*bins["lower_bound"], bins["upper_bound"].iloc[-1]]
            assert len(bins) == BINS
            assert bins["bin"].tolist() == list(range(BINS))
            assert bins["upper_bound"].tolist() == edges[1:]
            assert len(set(np.diff(edges))) == 1
            assert edges[0] == values.min()
            assert edges[-1] > values.max()
            heights, _ = np.histogram(values, edges)
            density, _ = np.histogram(values, edges, density=True)
            assert bins["movie_count"].tolist() == heights.tolist()
            np.testing.assert_allclose(bins["density"], density, rtol=1e-12)

    def test_mean_rating_histogram_is_numpys(self, dataset: Dataset) -> None:
        count_edges = [1, 2, 3, 6, 10, 18, 32, 56, 100, 178, 316, 562]
        mean_edges = np.linspace(0.5, 5, 19)
        counts, means = dataset.rated["rating_count"], dataset.rated["mean_rating"]
        # NumPy closes the last bin of either axis; no count comes near the end of its own
        assert counts.max() < count_edges[-1]
        joint, *_ = np.histogram2d(counts, means, [count_edges, mean_edges])
        count_bins, mean_bins = list(pairwise(count_edges)), list(pairwise(mean_edges))
        rows: list[tuple] = [
            ("joint", *count_bin, *mean_bin, joint[row, column])
            for row, count_bin in enumerate(count_bins)
            for column, mean_bin in enumerate(mean_bins)
        ]
        rows += [
            ("mean_rating", None, None, *mean_bin, count)
            for mean_bin, count in zip(mean_bins, joint.sum(axis=0), strict=True)
        ]
        rows += [
            ("rating_count", *count_bin, None, None, count)
            for count_bin, count in zip(count_bins, joint.sum(axis=1), strict=True)
        ]
        names = ["margin", "count_lower", "count_upper", "mean_lower", "mean_upper", "movie_count"]
        expected = pd.DataFrame(rows, columns=names).query("movie_count > 0")
        expected = expected.astype({"count_lower": "Int64", "count_upper": "Int64"})
        expected["movie_pct"] = 100 * expected["movie_count"] / len(counts)
        order = "margin, count_lower, mean_lower"
        assert_same(dataset.relation("analytics.mean_rating_histogram", order), expected)

    def test_standardised_histogram_is_numpys(self, dataset: Dataset) -> None:
        actual = dataset.relation("analytics.standardised_histogram", "column_name, lower_bound")
        for column, bins in actual.groupby("column_name"):
            values = dataset.ratings[column].to_numpy(float)
            z = np.round((values - values.mean()) / values.std(), 8)
            edges = np.arange(np.floor(4 * z.min()), np.floor(4 * z.max()) + 2) / 4
            heights, _ = np.histogram(z, edges)
            density, _ = np.histogram(z, edges, density=True)
            assert bins["lower_bound"].tolist() == edges[:-1][heights > 0].tolist()
            assert bins["upper_bound"].tolist() == edges[1:][heights > 0].tolist()
            assert bins["rating_count"].tolist() == heights[heights > 0].tolist()
            np.testing.assert_allclose(bins["density"], density[heights > 0], rtol=1e-12)
        assert actual["column_name"].unique().tolist() == ["movie_id", "rating", "user_id"]

    def test_movie_years(self, dataset: Dataset) -> None:
        expected = yearly(dataset.ratings, "movie_id")[["rating_count", "mean_rating"]]
        actual = dataset.relation("analytics.movie_years", "movie_id, year")
        assert_same(actual, expected.reset_index())

    def test_rating_years(self, dataset: Dataset) -> None:
        by_genre = dataset.ratings.merge(dataset.movie_genres, on="movie_id")
        scoped = pd.concat(
            [dataset.ratings.assign(scope="all"), by_genre.rename(columns={"genre": "scope"})]
        )
        expected = yearly(scoped, "scope")
        count = expected["rating_count"]
        expected["rating_pct"] = count.mul(100).div(count.xs("all"), level="year")
        actual = dataset.relation("analytics.rating_years", "scope, year")
        columns = ["rating_count", "user_count", "rating_pct", "mean_rating"]
        assert_same(actual, expected[columns].reset_index())


def yearly(ratings: pd.DataFrame, key: str) -> pd.DataFrame:
    """Ratings by key and year, sorted by both."""
    year = ratings["rated_at"].dt.year.rename("year")
    return ratings.groupby([key, year]).agg(
        rating_count=("rating", "size"),
        user_count=("user_id", "nunique"),
        mean_rating=("rating", "mean"),
    )


class TestFeatures:
    @pytest.mark.parametrize("entity", ["user", "movie"])
    def test_codes_are_dense_and_in_the_order_of_ids(self, dataset: Dataset, entity: str) -> None:
        ids = np.sort(dataset.ratings[f"{entity}_id"].unique())
        expected = pd.DataFrame({f"{entity}_id": ids, f"{entity}_code": range(len(ids))})
        actual = dataset.relation(f"features.{entity}_codes", f"{entity}_code")
        assert_same(actual, expected)

    def test_genre_codes_number_the_combinations_of_rated_movies(self, dataset: Dataset) -> None:
        genres = sorted(dataset.rated["genres"].unique())
        expected = pd.DataFrame({"genres": genres, "genre_code": range(len(genres))})
        assert_same(dataset.relation("features.genre_codes", "genre_code"), expected)

    def test_random_split_follows_the_hashes(self, dataset: Dataset) -> None:
        actual = dataset.relation("features.rating_splits", "user_id, movie_id")
        columns = ["user_id", "movie_id", "rating", "rated_at", "random_split"]
        assert_same(actual, dataset.splits[columns])

    def test_user_features_come_from_training_rows_only(self, dataset: Dataset) -> None:
        training = dataset.training
        expected = training_features(training, "user_id")
        expected["mean_release_year"] = training.groupby("user_id")["release_year"].mean()
        expected["user_bias"] = dataset.user_biases
        expected = expected.reindex(np.sort(dataset.ratings["user_id"].unique()))
        filled = {"rating_count": 0, "user_bias": 0}
        expected = expected.fillna(filled).rename_axis("user_id").reset_index()
        assert_same(dataset.relation("features.user_features", "user_id"), expected)

    def test_movie_features_come_from_training_rows_only(self, dataset: Dataset) -> None:
        expected = training_features(dataset.training, "movie_id")
        expected["movie_bias"] = dataset.movie_biases
        expected = expected.reindex(dataset.movies["movie_id"])
        genres = dataset.movie_genres[dataset.movie_genres["genre"] != "None"]
        expected["genre_count"] = genres.groupby("movie_id").size()
        filled = {"rating_count": 0, "movie_bias": 0, "genre_count": 0}
        expected = expected.fillna(filled).reset_index()
        expected["release_year"] = dataset.movies["release_year"]
        assert_same(dataset.relation("features.movie_features", "movie_id"), expected)


def training_features(training: pd.DataFrame, key: str) -> pd.DataFrame:
    half_star = (training["rating"] % 1 != 0).groupby(training[key])
    grouped = training.groupby(key)
    return pd.DataFrame(
        {
            "rating_count": grouped["rating"].count(),
            "mean_rating": grouped["rating"].mean(),
            "std_rating": grouped["rating"].std(),
            "half_star_pct": 100 * half_star.mean(),
        }
    )
