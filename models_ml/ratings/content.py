"""What is known of movies whether anybody rated them or not."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.fitting.ids import Ids, Values, codes_of


@dataclass(frozen=True)
class Content:
    """The movies of a warehouse.

    Attributes:
        movie_ids: Their ids, ascending, shape (movies,).
        years: Their years of release, NaN where not known, shape (movies,).
        genres: 1 where a movie has a genre, else 0, shape (movies, genres).
    """

    movie_ids: Ids
    years: Values
    genres: Values


CONTENT_MARTS = ("core.dim_movies", "core.bridge_movie_genres")


def content_of(marts: Mapping[str, pd.DataFrame]) -> Content:
    """Take the movies out of the marts that ``CONTENT_MARTS`` names."""
    movies = marts["core.dim_movies"].sort_values("movie_id")
    movie_ids = movies["movie_id"].to_numpy(np.int64)
    listed = marts["core.bridge_movie_genres"]
    listed = listed[listed["genre"] != "None"]
    names = pd.Index(sorted(listed["genre"].astype(str).unique()))
    genres = np.zeros((len(movie_ids), len(names)))
    genres[
        codes_of(listed["movie_id"].to_numpy(np.int64), movie_ids),
        names.get_indexer(listed["genre"].astype(str)),
    ] = 1
    return Content(movie_ids, movies["release_year"].to_numpy(np.float64, na_value=np.nan), genres)
