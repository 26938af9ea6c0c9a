"""What pandas makes of a dataset's files, to hold the warehouse against."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from tests.pipeline import Pipeline

SCORE_M = 20
SEED = 0
MOVIE_SHRINKAGE, USER_SHRINKAGE = 3, 6


@dataclass(frozen=True)
class Dataset:
    """A built warehouse and the files that it was built from, cleaned by pandas."""

    pipeline: Pipeline
    folder: Path
    limit: int | None = None
    """How many ratings were loaded, where it was not all."""

    def relation(self, name: str, order: str) -> pd.DataFrame:
        with self.pipeline.connect() as connection:
            return connection.execute(f"from {name} order by {order}").df()

    @cached_property
    def raw_ratings(self) -> pd.DataFrame:
        names = {"userId": "user_id", "movieId": "movie_id"}
        ratings = pd.read_csv(self.folder / "ratings.csv", nrows=self.limit).rename(columns=names)
        ratings["rated_at"] = pd.to_datetime(ratings.pop("timestamp"), unit="s").astype(
            "datetime64[us]"
        )
        return ratings

    @cached_property
    def ratings(self) -> pd.DataFrame:
        highest_last = self.raw_ratings.sort_values(["user_id", "movie_id", "rating", "rated_at"])
        return highest_last.drop_duplicates(["user_id", "movie_id"], keep="last").reset_index(
            drop=True
        )

    @cached_property
    def raw_movies(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "movies.csv").rename(columns={"movieId": "movie_id"})

    @cached_property
    def movies(self) -> pd.DataFrame:
        movies = self.raw_movies.sort_values("movie_id", ignore_index=True)
        movies["genres"] = movies["genres"].fillna("None").replace("(no genres listed)", "None")
        movies["title"] = movies["title"].str.strip()
        year = movies["title"].str.extract(r"\((\d{4})(?:[-–]\d{0,4})?\)$")[0]
        movies["release_year"] = year.astype("Int32")
        return movies

    @cached_property
    def movie_genres(self) -> pd.DataFrame:
        genres = self.movies.assign(genre=self.movies["genres"].str.split("|")).explode("genre")
        return genres[["movie_id", "genre"]].sort_values(["movie_id", "genre"], ignore_index=True)

    @cached_property
    def rated(self) -> pd.DataFrame:
        """Rated movies with number and mean of their ratings."""
        grouped = self.ratings.groupby("movie_id")["rating"]
        counts = grouped.agg(rating_count="count", mean_rating="mean").reset_index()
        return counts.merge(self.movies, on="movie_id")

    @cached_property
    def scores(self) -> pd.DataFrame:
        scores = self.rated[self.rated["rating_count"] >= SCORE_M].copy()
        n = scores["rating_count"]
        overall = self.ratings["rating"].mean()
        scores["weighted_score"] = (n * scores["mean_rating"] + SCORE_M * overall) / (n + SCORE_M)
        scores["weighted_score"] = scores["weighted_score"].round(6)
        scores = scores.sort_values(
            ["weighted_score", "rating_count", "movie_id"], ascending=[False, False, True]
        )
        return scores.assign(score_rank=range(1, len(scores) + 1)).reset_index(drop=True)

    @cached_property
    def splits(self) -> pd.DataFrame:
        return self.ratings.assign(random_split=random_split(self.ratings))

    @cached_property
    def training(self) -> pd.DataFrame:
        training = self.splits[self.splits["random_split"] == "train"]
        return training.merge(self.movies[["movie_id", "release_year"]], on="movie_id")

    @cached_property
    def movie_biases(self) -> pd.Series:
        residuals = self.training["rating"] - self.training["rating"].mean()
        grouped = residuals.groupby(self.training["movie_id"])
        return grouped.sum() / (grouped.count() + MOVIE_SHRINKAGE)

    @cached_property
    def user_biases(self) -> pd.Series:
        residuals = self.training["rating"] - self.training["rating"].mean()
        residuals -= self.training["movie_id"].map(self.movie_biases)
        grouped = residuals.groupby(self.training["user_id"])
        return grouped.sum() / (grouped.count() + USER_SHRINKAGE)


def random_split(ratings: pd.DataFrame) -> np.ndarray:
    """The random protocol in Python: the smallest hashes test, the next ones validate."""
    keys = [
        (hashlib.md5(f"{user}:{movie}:{SEED}".encode()).hexdigest()[:12], user, movie)
        for user, movie in zip(ratings["user_id"], ratings["movie_id"], strict=True)
    ]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    test_count = round(0.2 * len(keys))
    validation_count = round(0.1 * (len(keys) - test_count))
    split = np.full(len(keys), "train", dtype=object)
    split[order[:test_count]] = "test"
    split[order[test_count : test_count + validation_count]] = "validation"
    return split
