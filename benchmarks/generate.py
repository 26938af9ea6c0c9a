"""Ratings in MovieLens form, as many as wanted, whose reachable error is known.

    python -m benchmarks.generate --ratings 25000000 --seed 0 --out data/planted-25m

A rating is a sum of planted parts plus noise, rounded to a half star within 0.5 and 5:

    score = mean + user bias + movie bias + user factors . movie factors
            + user drift + movie drift + noise

The parts are those of Koren, "Collaborative Filtering with Temporal Dynamics" (KDD 2009), with
drifts that are straight lines in time. Genres shape both a movie's bias and its factors. Which
movies a user rates depends on popularity and release year alone, not on factors: ranking metrics
on this data measure popularity.

`plant` rebuilds the hidden truth from the same parameters, so that `planted_parts` and
`best_prediction` give the best prediction of any row of the written file.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from warehouse.errors import UserError

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

MINIMUM_RATINGS = 20  # of each user, as in every MovieLens release
CHUNK_ROWS = 500_000  # bounds memory; a different value draws different ratings
RANDOM_RANGE = 1 << 40  # leaves room for the users of a chunk in a 64-bit sort key

DAY = 86_400
YEAR = 365.25 * DAY
OPENING = int(np.datetime64("1996-01-29", "s").astype(np.int64))
# A month before the end of 2023: the last ratings of a user may come days after the user's span.
CLOSING = int(np.datetime64("2023-12-01", "s").astype(np.int64))
DRIFT_ORIGIN = int(np.datetime64("2010-01-01", "s").astype(np.int64))  # mid-history
SITTING_RATINGS = 25  # mean ratings of a visit; a user comes back another day
SECONDS_BETWEEN_RATINGS = 30

# Share of the movies of MovieLens 25M that have the genre; here each is drawn on its own.
GENRE_SHARES = {
    "Action": 0.118,
    "Adventure": 0.066,
    "Animation": 0.047,
    "Children": 0.047,
    "Comedy": 0.270,
    "Crime": 0.085,
    "Documentary": 0.090,
    "Drama": 0.410,
    "Fantasy": 0.044,
    "Film-Noir": 0.006,
    "Horror": 0.096,
    "IMAX": 0.003,
    "Musical": 0.017,
    "Mystery": 0.047,
    "Romance": 0.124,
    "Sci-Fi": 0.058,
    "Thriller": 0.139,
    "War": 0.030,
    "Western": 0.022,
}
GENRES = tuple(GENRE_SHARES)

# MovieLens moves articles behind a comma, so that its titles need quotes.
TITLES = ("{0} {1}", "{0} {1}, The", "{1} of {2}, The", "{1} in {2}", '"{0}" {1}', "{1}: {0} {2}")
ADJECTIVES, NOUNS, PLACES = (
    words.split()
    for words in (
        "Amber Blind Borrowed Broken Crimson Distant Electric Endless Forgotten Gentle Golden "
        "Hidden Hollow Last Lonely Lucky Midnight Naïve Paper Quiet Restless Secret Silent Wild",
        "Anchor Autumn Bridge Carnival Clockmaker Detective Echo Garden Harbour Heiress Horizon "
        "Lantern Letter Mirror Orchard Pilot River Shadow Stranger Summer Tide Voyage Waltz Winter",
        "Alaska Berlin Bogotá Cairo Dublin Havana Istanbul Kyoto Lagos Lisbon Madrid Málaga Manila "
        "Montréal Naples Odessa Oslo Prague Quebec Rome Tangier Venice Warsaw Zürich",
    )
)


@dataclass(frozen=True)
class Plan:
    """What is planted: standard deviations are in stars, drifts in stars per year.

    The defaults give about MovieLens's mean (3.5) and standard deviation (1.0) after rounding.
    """

    ratings: int
    seed: int
    mean: float = 3.56  # above 3.5, since more scores are cut off at 5 than at 0.5
    user_bias_sd: float = 0.42
    movie_bias_sd: float = 0.45
    user_factor_sd: float = 0.45
    user_drift_sd: float = 0.12
    movie_drift_sd: float = 0.02
    noise_sd: float = 0.75
    factor_count: int = 8
    genre_share: float = 0.4  # of the variance of movie biases and factors
    rerating_chance: float = 0.02  # of each rating beyond a user's first 20

    def __post_init__(self) -> None:
        """Refuse what cannot be generated; raises UserError."""
        if self.ratings < MINIMUM_RATINGS:
            raise UserError(
                f"--ratings {self.ratings} is too few: every user rates at least "
                f"{MINIMUM_RATINGS} movies, so ask for {MINIMUM_RATINGS} or more."
            )
        if self.seed < 0:
            raise UserError(f"--seed {self.seed} is negative: give 0 or a positive whole number.")

    @property
    def user_count(self) -> int:
        """Users, about 155 ratings each as in MovieLens."""
        return max(1, self.ratings // 155)

    @property
    def movie_count(self) -> int:
        """Movies, rated or not.

        A power law, so that about 8 thousand are rated in 100 thousand ratings and 60 thousand in
        25 million, close to MovieLens.
        """
        return max(3_000, round(12_000 * math.pow(self.ratings / 100_000, 0.3)))


@dataclass(frozen=True)
class Movies:
    """The planted movies, in the order of their ids; every array has one row per movie."""

    movie_id: IntArray
    year: IntArray
    genres: NDArray[np.bool_]  # one column for each of GENRES
    popularity: FloatArray  # cumulative, ends in 1
    bias: FloatArray
    drift: FloatArray  # stars per year from DRIFT_ORIGIN
    factors: FloatArray  # one column per factor


@dataclass(frozen=True)
class Users:
    """The planted users; user_id is the position plus one, every array has one row per user."""

    rating_count: IntArray
    rerating_count: IntArray  # of those, how many repeat a movie
    first_at: IntArray  # seconds since 1970, as all times here
    span: FloatArray  # seconds within which sittings begin
    bias: FloatArray
    drift: FloatArray  # stars per year from the middle of the span
    factors: FloatArray  # one column per factor


@dataclass(frozen=True)
class World:
    """The whole hidden truth, with a seed for each chunk of ratings drawn from it."""

    plan: Plan
    movies: Movies
    users: Users
    first_users: IntArray  # the position of each chunk's first user, then the user count
    chunk_seeds: tuple[np.random.SeedSequence, ...]


@dataclass(frozen=True)
class Chunk:
    """Ratings of some users, sorted by user, movie and time; every array has one row per rating."""

    user: IntArray  # positions in Users and Movies, not ids
    movie: IntArray
    rated_at: IntArray
    rating: FloatArray
    signal: FloatArray  # the score without noise
    noise: FloatArray
    parts: dict[str, FloatArray]


def plant(plan: Plan) -> World:
    """Draw the users and movies of a plan; the same plan gives the same world.

    Another version of numpy may have other generators, and then the world is another one.
    """
    movie_seed, user_seed, chunk_seed = np.random.SeedSequence(plan.seed).spawn(3)
    users = _plant_users(plan, np.random.default_rng(user_seed))
    # Cut where the running count passes a multiple of the chunk size, so that a chunk depends on
    # the plan alone and could be drawn anywhere, in any order.
    chunk_of_user = (np.cumsum(users.rating_count) - users.rating_count) // CHUNK_ROWS
    first_users = np.unique(chunk_of_user, return_index=True)[1]
    return World(
        plan=plan,
        movies=_plant_movies(plan, np.random.default_rng(movie_seed)),
        users=users,
        first_users=np.append(first_users, plan.user_count),
        chunk_seeds=tuple(chunk_seed.spawn(len(first_users))),
    )


def _plant_movies(plan: Plan, rng: np.random.Generator) -> Movies:
    count = plan.movie_count
    # Zipf-Mandelbrot: the shift keeps the top movie at about half of all users, as in MovieLens.
    popularity = (rng.permutation(count) + 190.0) ** -1.75
    up_to = np.cumsum(popularity)
    genres = rng.random((count, len(GENRES))) < np.array(list(GENRE_SHARES.values()))
    well_known = popularity > np.median(popularity)
    genres[:, GENRES.index("Drama")] |= well_known & ~genres.any(axis=1)
    columns = _movie_columns(plan, genres, rng)
    return Movies(
        # Dense at first, then ever sparser, as MovieLens's ids are.
        movie_id=np.cumsum(rng.geometric(np.linspace(1.0, 0.15, count))),
        # A third or more were made before the site opened: its first users need movies too.
        year=np.maximum(1902, 2023 - rng.geometric(1 / 27, count)),
        genres=genres,
        popularity=up_to / up_to[-1],
        bias=plan.movie_bias_sd * columns[:, 0],
        drift=rng.normal(0, plan.movie_drift_sd, count),
        factors=columns[:, 1:],
    )


def _movie_columns(plan: Plan, genres: NDArray[np.bool_], rng: np.random.Generator) -> FloatArray:
    """Draw the bias and the factors: columns of unit variance, part genre, part the movie's own."""
    count = 1 + plan.factor_count
    loadings = rng.normal(size=(len(GENRES), count))
    # einsum, not a matrix product: BLAS may add in another order on another number of threads.
    shared = np.einsum("mg,gk->mk", genres.astype(float), loadings)
    shared = (shared - shared.mean(axis=0)) / shared.std(axis=0)
    own = rng.normal(size=(len(genres), count))
    mixed: FloatArray = math.sqrt(plan.genre_share) * shared + math.sqrt(1 - plan.genre_share) * own
    return mixed


def _plant_users(plan: Plan, rng: np.random.Generator) -> Users:
    count = plan.user_count
    rating_count = _user_activity(plan, rng)
    first_at = rng.integers(OPENING, CLOSING, count)
    # Half a day per rating at the median, so that the most active stay for years.
    span = rating_count * 0.5 * DAY * rng.lognormal(sigma=2.0, size=count)
    return Users(
        rating_count=rating_count,
        rerating_count=rng.binomial(rating_count - MINIMUM_RATINGS, plan.rerating_chance),
        first_at=first_at,
        span=np.minimum(span, CLOSING - first_at),
        bias=rng.normal(0, plan.user_bias_sd, count),
        drift=rng.normal(0, plan.user_drift_sd, count),
        factors=rng.normal(
            0, plan.user_factor_sd / math.sqrt(plan.factor_count), (count, plan.factor_count)
        ),
    )


def _user_activity(plan: Plan, rng: np.random.Generator) -> IntArray:
    """Draw the ratings per user: log-normal above the minimum, in sum those of the plan."""
    count = plan.user_count
    extra = plan.ratings - MINIMUM_RATINGS * count
    # Quantiles rather than draws: the shape of the tail does not depend on the seed.
    normal = NormalDist(sigma=1.4)
    weight = np.exp([normal.inv_cdf((k + 0.5) / count) for k in range(count)])
    # Nobody has seen more than about an eighth of all movies: finding distinct ones stays quick.
    weight = np.minimum(weight, weight.mean() * plan.movie_count / 8 * count / max(extra, 1))
    shares = rng.permutation(weight / weight.sum())
    counts: IntArray = MINIMUM_RATINGS + rng.multinomial(extra, shares)
    return counts


def chunks(world: World) -> Iterator[Chunk]:
    """Draw the world's ratings, in order of users; the same world gives the same ratings."""
    bounds = zip(world.first_users[:-1], world.first_users[1:], world.chunk_seeds, strict=True)
    for first, end, seed in bounds:
        yield _draw_chunk(world, slice(first, end), np.random.default_rng(seed))


def _draw_chunk(world: World, members: slice, rng: np.random.Generator) -> Chunk:
    pair = _draw_pairs(world, members, rng)
    rated_at = _draw_times(world.users, members, rng)
    # Pairs arrive in the order of time within each user; a stable sort keeps that order for
    # re-ratings of the same movie.
    order = np.argsort(pair, kind="stable")
    user, movie = np.divmod(pair[order], world.plan.movie_count)
    user, rated_at = user + members.start, rated_at[order]
    parts = planted_parts(world, user, movie, rated_at)
    noise = rng.normal(0, world.plan.noise_sd, len(user))
    signal = np.sum([*parts.values()], axis=0) + world.plan.mean
    return Chunk(user, movie, rated_at, to_half_stars(signal + noise), signal, noise, parts)


def _draw_pairs(world: World, members: slice, rng: np.random.Generator) -> IntArray:
    """Draw users and movies, as `user * movies + movie`, in random order within each user."""
    rerating_count = world.users.rerating_count[members]
    distinct_count = world.users.rating_count[members] - rerating_count
    pair = _draw_distinct_pairs(world, members, distinct_count, rng)
    again = np.repeat(np.arange(len(rerating_count)), rerating_count)
    start = np.cumsum(distinct_count) - distinct_count
    repeated = start[again] + rng.integers(distinct_count[again])
    pair = np.concatenate([pair, pair[repeated]])
    return pair[_shuffle_within(pair // world.plan.movie_count, rng)]


def _draw_distinct_pairs(
    world: World, members: slice, wanted: IntArray, rng: np.random.Generator
) -> IntArray:
    """Draw so many different movies for each user by popularity, sorted by user.

    Draws with replacement, drops repeats and movies from the user's future, and tops up.
    """
    movies, movie_count = world.movies, world.plan.movie_count
    joined_in = _year_of(world.users.first_at[members])
    pair = np.empty(0, dtype=np.int64)
    missing, oversampling = wanted, 1.5
    while missing.any():
        user = np.repeat(np.arange(len(wanted)), np.ceil(missing * oversampling).astype(np.int64))
        movie = np.searchsorted(movies.popularity, rng.random(len(user)), side="right")
        released = movies.year[movie] < joined_in[user]
        pair = np.sort(np.concatenate([pair, (user * movie_count + movie)[released]]))
        pair = pair[np.diff(pair, prepend=-1) > 0]  # numpy's unique hashes: five times as slow
        drawn = np.bincount(pair // movie_count, minlength=len(wanted))
        missing = np.maximum(wanted - drawn, 0)
        oversampling *= 2  # what is left is ever rarer among the draws
    pair = pair[_shuffle_within(pair // movie_count, rng)]
    position = np.arange(len(pair)) - np.repeat(np.cumsum(drawn) - drawn, drawn)
    return pair[position < np.repeat(wanted, drawn)]


def _draw_times(users: Users, members: slice, rng: np.random.Generator) -> IntArray:
    """Draw the second since 1970 of each rating, strictly increasing within each user."""
    rating_count = users.rating_count[members]
    user = np.repeat(np.arange(len(rating_count)), rating_count)
    first = np.cumsum(rating_count) - rating_count
    opens = rng.random(len(user)) < 1 / SITTING_RATINGS
    opens[first] = True
    visitor = user[opens]
    share = (np.sort(_random_key(visitor, rng)) & (RANDOM_RANGE - 1)) / RANDOM_RANGE
    begun = users.first_at[members][visitor] + users.span[members][visitor] * share
    # Pauses add up over the whole of a user's life, not from the start of a sitting: so sittings
    # never overlap and no two ratings of a user share a second.
    elapsed = np.cumsum(1 + rng.exponential(SECONDS_BETWEEN_RATINGS, len(user)).astype(np.int64))
    elapsed -= np.repeat(elapsed[first], rating_count)
    rated_at: IntArray = begun.astype(np.int64)[np.cumsum(opens) - 1] + elapsed
    return rated_at


def _random_key(group: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw numbers that sort by group and are random within it."""
    return group * RANDOM_RANGE + rng.integers(RANDOM_RANGE, size=len(group))


def _shuffle_within(group: IntArray, rng: np.random.Generator) -> IntArray:
    return np.argsort(_random_key(group, rng))


def _year_of(seconds: IntArray) -> IntArray:
    years: IntArray = seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64)
    return years + 1970


def planted_parts(
    world: World, user: IntArray, movie: IntArray, rated_at: IntArray
) -> dict[str, FloatArray]:
    """Compute each part that the truth adds to the mean, in stars.

    `user`, `movie` (positions, not ids) and `rated_at` (seconds since 1970) have one shape (n,),
    which every part has too.
    """
    users, movies = world.users, world.movies
    user_years = (rated_at - users.first_at[user] - users.span[user] / 2) / YEAR
    movie_years = (rated_at - DRIFT_ORIGIN) / YEAR
    return {
        "user_bias": users.bias[user],
        "movie_bias": movies.bias[movie],
        "factors": np.einsum("nk,nk->n", users.factors[user], movies.factors[movie]),
        "user_drift": users.drift[user] * user_years,
        "movie_drift": movies.drift[movie] * movie_years,
    }


def to_half_stars(score: FloatArray) -> FloatArray:
    """Round scores to the nearest half star within 0.5 and 5."""
    rounded: FloatArray = np.clip(np.rint(score * 2) / 2, 0.5, 5.0)
    return rounded


def best_prediction(signal: FloatArray, noise_sd: float) -> FloatArray:
    """Return the mean rating, given the score without noise: no predictor has a lower RMSE.

    A rating is 0.5 plus half a star for each of the nine borders 0.75, 1.25, ... 4.75 that the
    score passes; the noise is normal, so each has a probability in closed form (the ordered
    probit model: McKelvey and Zavoina, 1975). Taken from a table in steps of 0.01 stars.
    """
    scores = np.arange(-500, 1_100) / 100
    standard = (scores[:, None] - np.arange(0.75, 5, 0.5)) / noise_sd
    passed = np.vectorize(NormalDist().cdf)(standard)
    mean: FloatArray = np.interp(signal, scores, 0.5 + 0.5 * passed.sum(axis=1))
    return mean


def generate(plan: Plan, out: Path) -> dict[str, object]:
    """Write ratings.csv, movies.csv and, last, truth.json into a folder; return the truth.

    Raises UserError if the folder cannot be made or holds one of the three already.
    """
    _claim_folder(out)
    world = plant(plan)
    _write_movies(world.movies, out / "movies.csv")
    truth = _write_ratings(world, out / "ratings.csv")
    (out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    return truth


def _claim_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out} cannot be made a folder: {error.strerror}.") from error
    for name in ("ratings.csv", "movies.csv", "truth.json"):
        if (out / name).exists():
            raise UserError(f"{out / name} exists: choose another folder, or remove it first.")


def _write_movies(movies: Movies, path: Path) -> None:
    # Titles carry no signal, so they need no seed of their own.
    rng = np.random.default_rng(0)
    count, genre_names = len(movies.movie_id), np.array(GENRES)
    titles, adjectives, nouns, places = (
        rng.choice(words, count) for words in (TITLES, ADJECTIVES, NOUNS, PLACES)
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("movieId", "title", "genres"))
        for m in range(count):
            title = titles[m].format(adjectives[m], nouns[m], places[m])
            genres = "|".join(genre_names[movies.genres[m]]) or "(no genres listed)"
            writer.writerow((movies.movie_id[m], f"{title} ({movies.year[m]})", genres))


def _write_ratings(world: World, path: Path) -> dict[str, object]:
    """Write all ratings, chunk by chunk, and sum up the truth about them on the way."""
    tally = _Tally(world)
    with (
        tempfile.TemporaryDirectory(dir=path.parent) as scratch,
        duckdb.connect() as connection,
        path.open("wb") as whole,
    ):
        part = Path(scratch) / "part.csv"
        whole.write(b"userId,movieId,rating,timestamp\n")
        for chunk in track(chunks(world), "Ratings", total=len(world.chunk_seeds)):
            frame = pd.DataFrame(
                {
                    "userId": chunk.user + 1,
                    "movieId": world.movies.movie_id[chunk.movie],
                    "rating": chunk.rating,
                    "timestamp": chunk.rated_at,
                }
            )
            connection.from_df(frame).write_csv(str(part), header=False)
            with part.open("rb") as lines:
                shutil.copyfileobj(lines, whole)
            tally.add(chunk)
    return tally.truth()


class _Tally:
    """Running sums over chunks, from which the truth about all rows follows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rated = np.zeros(world.plan.movie_count, dtype=bool)
        self.rating_sum = self.best_error = self.clipped_error = 0.0
        self.moments: dict[str, FloatArray] = {}

    def add(self, chunk: Chunk) -> None:
        best = best_prediction(chunk.signal, self.world.plan.noise_sd)
        self.rated[chunk.movie] = True
        self.rating_sum += float(chunk.rating.sum())
        self.best_error += float(np.square(chunk.rating - best).sum())
        self.clipped_error += float(np.square(chunk.rating - np.clip(chunk.signal, 0.5, 5)).sum())
        for name, part in {**chunk.parts, "noise": chunk.noise}.items():
            moments = np.array([part.sum(), np.square(part).sum()])
            self.moments[name] = self.moments.get(name, 0) + moments

    def truth(self) -> dict[str, object]:
        plan, users = self.world.plan, self.world.users
        count = plan.ratings
        variance = {
            name: square / count - (total / count) ** 2
            for name, (total, square) in self.moments.items()
        }
        return {
            "plan": asdict(plan),
            "rating_count": count,
            "user_count": plan.user_count,
            "movie_count": plan.movie_count,
            "rated_movie_count": int(self.rated.sum()),
            "rerating_count": int(users.rerating_count.sum()),
            "median_ratings_per_user": float(np.median(users.rating_count)),
            "mean_rating": self.rating_sum / count,
            "noise_sd": plan.noise_sd,
            "reachable_rmse": math.sqrt(self.best_error / count),
            "clipped_signal_rmse": math.sqrt(self.clipped_error / count),
            "variance_pct": {
                name: float(100 * part / sum(variance.values())) for name, part in variance.items()
            },
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--ratings", type=int, required=True, help="rows of ratings.csv")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes (default 0)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    options = parser.parse_args(arguments)
    try:
        truth = generate(Plan(options.ratings, options.seed), options.out)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    table = Table(title=Text(str(options.out)))
    table.add_column("planted")
    table.add_column("value", justify="right")
    for name, value in truth.items():
        if isinstance(value, int | float):
            table.add_row(name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}")
    Console().print(table)
    print(f"Build it with: make build DATASET={options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
