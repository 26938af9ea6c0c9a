"""The descriptive analysis as a user of pandas writes it, to compare a build with."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd


def analyse(folder: Path) -> dict[str, object]:
    """Clean, describe, join, standardise, count genres, score and rank.

    Args:
        folder: A folder with ``ratings.csv`` and ``movies.csv``.

    Returns:
        The results by name.
    """
    ratings = pd.read_csv(folder / "ratings.csv")
    movies = pd.read_csv(folder / "movies.csv")
    ratings = ratings.sort_values("rating", ascending=False).drop_duplicates(["userId", "movieId"])
    columns = ratings[["userId", "movieId", "rating"]]
    joined = ratings.merge(movies, on="movieId")
    standardised = (columns - columns.mean()) / columns.std(ddof=0)
    genres = movies.assign(genre=movies["genres"].str.split("|")).explode("genre")
    by_movie = ratings.groupby("movieId")["rating"].agg(["size", "mean"]).reset_index()
    m, overall = 20, ratings["rating"].mean()
    by_movie["score"] = (by_movie["size"] * by_movie["mean"] + m * overall) / (by_movie["size"] + m)
    scored = by_movie[by_movie["size"] >= m].merge(movies, on="movieId")
    scored = scored.sort_values("score", ascending=False)
    return {
        "missing": ratings.isna().sum(),
        "description": columns.describe(),
        "distribution": ratings["rating"].value_counts(normalize=True),
        "unique": (ratings["userId"].nunique(), ratings["movieId"].nunique()),
        "combinations": joined["genres"].nunique(),
        "standardised": standardised.head(),
        "genres": genres["genre"].value_counts(),
        "flags": movies["genres"].str.get_dummies("|"),
        "scores": scored,
        "by_genre": scored.merge(genres[["movieId", "genre"]]).groupby("genre").head(5),
        "most_rated": by_movie.sort_values("size", ascending=False).merge(movies, on="movieId"),
        "histogram": np.histogram(by_movie["size"], bins=50, density=True),
    }


if __name__ == "__main__":
    analyse(Path(sys.argv[1]))
