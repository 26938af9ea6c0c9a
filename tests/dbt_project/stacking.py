"""What the features of a stack should hold, from plain loops over pandas frames."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, isnan, log, sqrt

import numpy as np
import pandas as pd

from tests.dbt_project.folds import Marts, random_dataset

MOVIE_SHRINKAGE, USER_SHRINKAGE = 3, 6
STARS = {"1_5": 1.5, "2_5": 2.5, "3": 3.0, "4": 4.0, "4_5": 4.5, "5": 5.0}
SPANS = {"5_minutes": 300, "hour": 3600, "day": 86400, "week": 604800}
MOVIE_SPANS = {"month": 30 * 86400, "half_year": 180 * 86400, "2_years": 730 * 86400}

Features = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A rating, seen or asked for, and what is known of its user and movie.

    Attributes:
        at: Seconds since 1970.
        rating: In stars; NaN where it is asked for.
        surplus: The rating less the mean and both biases; NaN where it is asked for.
        users: The movie's seen ratings.
        movies: The user's seen ratings.
    """

    user: int
    movie: int
    at: int
    rating: float
    surplus: float
    movie_bias: float
    user_bias: float
    users: int
    movies: int
    year: float
    genres: frozenset[str]
    prediction: float

    @property
    def is_seen(self) -> bool:
        return not isnan(self.rating)


def sessions_dataset(seed: int, users: int, movies: int, share: float) -> Marts:
    """Ratings in sessions of minutes, of hours and of weeks, several of them at the same second."""
    data = random_dataset(seed, users, movies, share)
    splits = data["features.rating_splits"]
    generator = np.random.default_rng(seed)
    gaps = generator.choice([0, 0, 7, 250, 300, 3000, 80_000, 500_000, 20_000_000], len(splits))
    order = generator.permutation(len(splits))
    seconds = np.empty(len(splits), dtype=np.int64)
    # Each user's clock runs on over the user's ratings, in any order of movies
    for user in np.unique(splits["user_id"]):
        own = order[splits["user_id"].to_numpy()[order] == user]
        seconds[own] = 1_000_000_000 + generator.integers(10**7) + np.cumsum(gaps[own])
    data["features.rating_splits"] = splits.assign(rated_at=pd.to_datetime(seconds, unit="s"))
    return data


def is_seen(splits: pd.DataFrame, protocol: str, held_out: int) -> "pd.Series[bool]":
    return (splits[f"{protocol}_split"] != "test") & (splits["fold"] != held_out)


def seen_rows(data: Marts, protocol: str, held_out: int) -> list[Row]:
    """All rows with a fold held out, with the biases that the seen ones say."""
    movies, genres = data["core.dim_movies"], data["core.bridge_movie_genres"]
    splits = data["features.rating_splits"]
    if held_out:
        splits = splits[splits[f"{protocol}_split"] != "test"]
    splits = splits.assign(rating=splits["rating"].where(is_seen(splits, protocol, held_out)))
    seen = splits.dropna(subset="rating")
    mean = seen["rating"].mean()
    movie_bias, user_bias = {}, {}
    for movie, stars in seen.groupby("movie_id")["rating"]:
        movie_bias[movie] = (stars - mean).sum() / (len(stars) + MOVIE_SHRINKAGE)
    for user, rated in seen.groupby("user_id"):
        left = sum(
            stars - mean - movie_bias[movie]
            for movie, stars in zip(rated["movie_id"], rated["rating"], strict=True)
        )
        user_bias[user] = left / (len(rated) + USER_SHRINKAGE)
    years = dict(
        zip(
            movies["movie_id"],
            movies["release_year"].to_numpy(float, na_value=np.nan),
            strict=True,
        )
    )
    rows = []
    for row in splits.to_dict("records"):
        user, movie = row["user_id"], row["movie_id"]
        biases = movie_bias.get(movie, 0.0), user_bias.get(user, 0.0)
        prediction = mean + sum(biases)
        rows.append(
            Row(
                user=user,
                movie=movie,
                at=int(row["rated_at"].timestamp()),
                rating=row["rating"],
                surplus=row["rating"] - prediction,
                movie_bias=biases[0],
                user_bias=biases[1],
                users=int((seen["movie_id"] == movie).sum()),
                movies=int((seen["user_id"] == user).sum()),
                year=years[movie],
                genres=frozenset(genres.loc[genres["movie_id"] == movie, "genre"]) - {"None"},
                prediction=prediction,
            )
        )
    return rows


def mean_of(values: Iterable[float]) -> float:
    """The mean of what is no NaN; NaN of nothing."""
    present = [value for value in values if not isnan(value)]
    return sum(present) / len(present) if present else np.nan


def genre_cosine(one: Row, other: Row) -> float:
    if not one.genres or not other.genres:
        return 0.0
    return len(one.genres & other.genres) / sqrt(len(one.genres) * len(other.genres))


def year_nearness(one: Row, other: Row) -> float:
    distance = abs(one.year - other.year)
    return 0.0 if isnan(distance) else exp(-distance / 4)


def consensus_nearness(one: Row, other: Row) -> float:
    return exp(-abs(one.movie_bias - other.movie_bias) / 0.15)


def pulled_mean(pairs: list[tuple[float, Row]], pull: float) -> float:
    """The mean surplus of rows with weights, pulled to 0."""
    return sum(weight * row.surplus for weight, row in pairs) / (
        sum(weight for weight, _ in pairs) + pull
    )


def entity_features(name: str, rated: list[Row]) -> Features:
    """What the seen ratings of a user or a movie are like."""
    if not rated:
        return {}
    found = {
        f"{name}_spread": sqrt(
            (sum(row.surplus**2 for row in rated) + 3 * 0.75) / (len(rated) + 3)
        ),
        f"{name}_half_stars": mean_of(float(row.rating % 1 != 0) for row in rated),
    }
    for words, least in STARS.items():
        found[f"{name}_from_{words}"] = mean_of(float(row.rating >= least) for row in rated)
    return found


def stack_features(rows: list[Row], asked: Row) -> Features:
    """The features of a row that look at no time."""
    own = [row for row in rows if row.user == asked.user and row.is_seen]
    others = [row for row in rows if row.movie == asked.movie and row.is_seen]
    found = entity_features("user", own) | entity_features("movie", others)
    if own:
        found |= {
            "user_mean_movie_bias": mean_of(row.movie_bias for row in own),
            "user_mean_popularity": mean_of(log(1 + row.users) for row in own),
            "user_mean_release_year": mean_of(row.year for row in own),
            "user_std_release_year": pd.Series([row.year for row in own]).std(ddof=1),
        }
    if others:
        found |= {
            "movie_mean_user_bias": mean_of(row.user_bias for row in others),
            "movie_mean_activity": mean_of(log(1 + row.movies) for row in others),
        }
    weights: dict[str, list[tuple[float, Row]]] = {
        name: []
        for name in (
            *("genres", "same_genres", "years", "genres_years"),
            *("consensus", "popularity", "all"),
        )
    }
    for row in own:
        genres, years = genre_cosine(asked, row), year_nearness(asked, row)
        consensus = consensus_nearness(asked, row)
        popularity = exp(-abs(log(1 + asked.users) - log(1 + row.users)) / 0.5)
        for name, weight in {
            "genres": genres,
            "same_genres": genres**4,
            "years": years,
            "genres_years": genres**2 * years,
            "consensus": consensus,
            "popularity": popularity,
            "all": genres * consensus * popularity,
        }.items():
            weights[name].append((weight, row))
    for name, pairs in weights.items():
        found[f"near_{name}"] = pulled_mean(pairs, 1 if name in ("genres_years", "all") else 2)
    return found | {
        "same_genres_count": sum(weight for weight, _ in weights["same_genres"]),
        "genres_years_count": sum(weight for weight, _ in weights["genres_years"]),
        "bias_prediction": asked.prediction,
        "user_bias": asked.user_bias,
        "movie_bias": asked.movie_bias,
        "user_rating_count": asked.movies,
        "movie_rating_count": asked.users,
        "release_year": asked.year,
        "genre_count": len(asked.genres),
    }


def session_features(rows: list[Row], asked: Row) -> Features:
    """The features of a row's moment."""
    own = sorted(
        (row for row in rows if row.user == asked.user and row.is_seen),
        key=lambda row: (row.at, row.movie),
    )
    others = [row for row in rows if row.movie == asked.movie and row.is_seen]
    found: Features = {}
    for name, seconds in SPANS.items():
        within = [row for row in own if abs(row.at - asked.at) <= seconds]
        found[f"count_{name}"] = len(within)
        if within:
            surplus = sum(row.surplus for row in within)
            found[f"surplus_{name}"] = surplus / (len(within) + 1)
            found[f"mean_{name}"] = mean_of(row.rating for row in within)
            found[f"movie_bias_{name}"] = mean_of(row.movie_bias for row in within)
    for name, seconds in MOVIE_SPANS.items():
        within = [row for row in others if abs(row.at - asked.at) <= seconds]
        found[f"movie_count_{name}"] = len(within)
        if within:
            surplus = sum(row.surplus for row in within)
            found[f"movie_surplus_{name}"] = surplus / (len(within) + 2)
    found |= near_in_time(own, asked)

    before = [row for row in own if (row.at, row.movie) < (asked.at, asked.movie)]
    after = own[len(before) :]
    for step in (1, 2, 3, 5, 10):
        around = before[-step:] + after[:step]
        found[f"surplus_next_{step}"] = sum(row.surplus for row in around) / (len(around) + 0.3)
        found[f"mean_next_{step}"] = mean_of(row.rating for row in around)
    found["number_before"] = len(before)
    if before:
        found["seconds_since_last"] = asked.at - before[-1].at
        found["last_surplus"] = before[-1].surplus
        found["last_rating"] = before[-1].rating
    if own:
        found["seconds_to_next"] = (after[0] if after else own[-1]).at - asked.at
        found["user_days"] = (asked.at - own[0].at) / 86400
        found["user_days_left"] = (own[-1].at - asked.at) / 86400
    if others:
        found["movie_days"] = (asked.at - min(row.at for row in others)) / 86400
    return found | {
        "day": asked.at / 86400,
        "movie_age": asked.at / 31_557_600 + 1970 - asked.year,
        "drift": mean_of(row.surplus for row in rows if abs(row.at - asked.at) <= 15 * 86400),
    }


def near_in_time(own: list[Row], asked: Row) -> Features:
    """The mean surpluses of a user's ratings, by how near in time they are and of what movies."""
    weights: dict[str, list[tuple[float, Row]]] = {}
    for row in own:
        hours = abs(asked.at - row.at) / 3600
        genres = genre_cosine(asked, row)
        for name, weight in {
            "hours": exp(-hours),
            "days": exp(-hours / 24),
            "months": exp(-hours / 24 / 30),
            "seasons": exp(-hours / 24 / 365),
            "hours_genres": genres**2 * exp(-hours),
            "days_genres": genres**4 * exp(-hours / 24),
            "months_genres": genres**2 * year_nearness(asked, row) * exp(-hours / 24 / 30),
            "hours_consensus": consensus_nearness(asked, row) * exp(-hours),
        }.items():
            weights.setdefault(name, []).append((weight, row))
    return {
        f"near_{name}": pulled_mean(
            weights.get(name, []), 0.5 if name in ("days_genres", "months_genres") else 1
        )
        for name in (
            *("hours", "days", "months", "seasons"),
            *("hours_genres", "days_genres", "months_genres", "hours_consensus"),
        )
    }


def stack_marts(data: Marts, protocol: str) -> Marts:
    """Both marts' rows of a protocol: each rating once, with its own fold held out or none."""
    found: dict[str, list[dict]] = {"stack_features": [], "stack_session_features": []}
    for held_out in range(6):
        rows = seen_rows(data, protocol, held_out)
        for asked in rows:
            if not asked.is_seen:
                key = {
                    "protocol": protocol,
                    "held_out_fold": held_out,
                    "user_id": asked.user,
                    "movie_id": asked.movie,
                }
                found["stack_features"].append(key | stack_features(rows, asked))
                found["stack_session_features"].append(key | session_features(rows, asked))
    return {name: pd.DataFrame(rows) for name, rows in found.items()}
