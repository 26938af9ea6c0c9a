"""What the marts of features by held-out fold should hold, from plain loops over pandas frames."""

import numpy as np
import pandas as pd

MOVIE_SHRINKAGE, USER_SHRINKAGE, AFFINITY_SHRINKAGE = 3, 6, 5
FOLDS = range(1, 6)

Marts = dict[str, pd.DataFrame]


def random_dataset(seed: int, users: int, movies: int, share: float) -> Marts:
    """Ratings with their folds and parts, and movies with genres; some lack a year or genres."""
    generator = np.random.default_rng(seed)
    pairs = np.argwhere(generator.random((users, movies)) < share) + 1
    n = len(pairs)
    parts = generator.choice(["train", "train", "train", "validation", "test"], (n, 3))
    user_level, movie_level = (
        generator.normal(0, 0.5, users + 1),
        generator.normal(0, 0.6, movies + 1),
    )
    loves = generator.normal(0, 0.7, (users + 1, 3))
    flags = generator.random((movies + 1, 3)) < 0.4
    level = 3.3 + user_level[pairs[:, 0]] + movie_level[pairs[:, 1]]
    level += (loves[pairs[:, 0]] * flags[pairs[:, 1]]).sum(axis=1) + generator.normal(0, 0.5, n)
    serving = np.where(parts[:, 0] == "validation", "validation", "train")
    splits = pd.DataFrame(
        {
            "user_id": pairs[:, 0],
            "movie_id": pairs[:, 1],
            "rating": np.clip(np.round(2 * level) / 2, 0.5, 5),
            "rated_at": pd.to_datetime(1_000_000_000 + np.arange(n), unit="s"),
            "random_split": parts[:, 0],
            "temporal_split": parts[:, 1],
            "last_split": parts[:, 2],
            "serving_split": serving,
            "fold": generator.integers(1, 6, n),
        }
    )
    ids = np.arange(1, movies + 1)
    years = pd.array(generator.integers(1950, 2017, movies), dtype="Int64")
    years[generator.random(movies) < 0.1] = pd.NA
    genres = [
        (movie, name)
        for movie in ids
        for name in np.array(["Action", "Comedy", "Drama"])[flags[movie]].tolist() or ["None"]
    ]
    return {
        "features.rating_splits": splits,
        "core.dim_movies": pd.DataFrame({"movie_id": ids, "release_year": years}),
        "core.bridge_movie_genres": pd.DataFrame(genres, columns=["movie_id", "genre"]),
    }


def training_rows(splits: pd.DataFrame, protocol: str) -> pd.DataFrame:
    return splits[splits[f"{protocol}_split"] == "train"]


def slope(x: pd.Series, y: pd.Series, unit: float) -> float:
    """Least squares with an intercept, over rows with an x, and a ridge."""
    y, x = y[x.notna()], x[x.notna()]
    if not len(x):
        return np.nan
    x = x - x.mean()
    return float((x * y).sum() / ((x * x).sum() + USER_SHRINKAGE * unit**2))


def half_star_pct(ratings: pd.Series) -> float:
    return float(100 * (ratings % 1 != 0).mean())


def fold_features(data: Marts, protocol: str, held_out: int) -> Marts:
    """Compute the marts' rows of one protocol and held-out fold."""
    movies, genres = data["core.dim_movies"], data["core.bridge_movie_genres"]
    rows = training_rows(data["features.rating_splits"], protocol)
    rows = rows[rows["fold"] != held_out]
    mean = rows["rating"].mean()
    keys = {"protocol": protocol, "held_out_fold": held_out}

    counts = rows["movie_id"].value_counts()
    movie_rows = []
    years = movies["release_year"].to_numpy(float, na_value=np.nan)
    for movie, year in zip(movies["movie_id"], years, strict=True):
        stars = rows.loc[rows["movie_id"] == movie, "rating"]
        n = len(stars)
        better = counts[counts > n].sum() + 0.5 * counts[counts == n].sum()
        movie_rows.append(
            {
                **keys,
                "movie_id": movie,
                "release_year": year,
                "genre_count": ((genres["movie_id"] == movie) & (genres["genre"] != "None")).sum(),
                "rating_count": n,
                "movie_bias": (stars - mean).sum() / (n + MOVIE_SHRINKAGE),
                "std_rating": stars.std(ddof=1),
                "half_star_pct": half_star_pct(stars),
                "obscurity_pct": 100 * better / len(rows) if n else 100,
            }
        )
    movie_features = pd.DataFrame(movie_rows)

    known = movie_features.set_index("movie_id")
    user_rows, affinity_rows = [], []
    for user, rated in rows.groupby("user_id"):
        of_movies = known.loc[rated["movie_id"]].reset_index()
        stars = rated["rating"].reset_index(drop=True)
        residual = stars - mean - of_movies["movie_bias"]
        user_rows.append(
            {
                **keys,
                "user_id": user,
                "rating_count": len(stars),
                "mean_rating": stars.mean(),
                "user_bias": residual.sum() / (len(stars) + USER_SHRINKAGE),
                "std_rating": stars.std(ddof=1),
                "half_star_pct": half_star_pct(stars),
                "mean_release_year": of_movies["release_year"].mean(),
                "mean_obscurity_pct": of_movies["obscurity_pct"].mean(),
                "release_year_affinity": slope(of_movies["release_year"], residual, 15),
                "obscurity_affinity": slope(of_movies["obscurity_pct"], residual, 30),
                "consensus_affinity": slope(of_movies["movie_bias"], residual, 0.5),
            }
        )
        for genre in sorted(genres["genre"].unique()):
            of_genre = rated["movie_id"].isin(genres.loc[genres["genre"] == genre, "movie_id"])
            deviations = rated.loc[of_genre, "rating"] - stars.mean()
            if len(deviations):
                affinity = deviations.sum() / (len(deviations) + AFFINITY_SHRINKAGE)
                row = {"genre": genre, "rating_count": len(deviations), "genre_affinity": affinity}
                affinity_rows.append({**keys, "user_id": user, **row})
    means = [{**keys, "rating_count": len(rows), "mean_rating": mean}]
    return {
        "features.fold_means": pd.DataFrame(means),
        "features.fold_movie_features": movie_features,
        "features.fold_user_features": pd.DataFrame(user_rows),
        "features.fold_user_genre_features": pd.DataFrame(affinity_rows),
    }


def marts_of(data: Marts, protocol: str) -> Marts:
    """Compute all marts that the boosting of a protocol reads."""
    each = [fold_features(data, protocol, held_out) for held_out in (0, *FOLDS)]
    features = {mart: pd.concat([frames[mart] for frames in each]) for mart in each[0]}
    genres = data["core.bridge_movie_genres"]
    return {**features, "core.bridge_movie_genres": genres}
