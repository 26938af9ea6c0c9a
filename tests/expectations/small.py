"""A small warehouse to which every expectation applies, and the same one published before it.

Each of 120 users rates up to 100 of 1,100 movies, low numbers more often than high ones; their
lists of 20 movies differ.
"""

import duckdb

from tests.dbt_project.compiled import Compiled
from warehouse.publishing import FIGURES

RAW = """
insert into raw.loads by name select 'ratings.csv' as source_file, 'mine' as dataset;
insert into raw.movies by name
select
    n as movieId,
    'Movie ' || n || ' (1995)' as title,
    case when n % 3 = 0 then 'Drama|Comedy' else 'Drama' end as genres
from range(1, 1101) as numbers(n);
insert into raw.ratings by name
select
    u as userId,
    1 + cast(floor(1100 * power((k + hash(u * 7919 + k) % 1000 / 1000) / 100, 2)) as bigint)
        as movieId,
    1 + hash(u * 1000 + k) % 9 / 2.0 as rating,
    1000000000 + (u * 100 + k) * 20000 as timestamp
from range(1, 121) as users(u)
cross join range(100) as ks(k);
insert into raw.tags by name select userId, movieId from raw.ratings limit 1000;
insert into raw.links by name select movieId from raw.movies;
"""

MARTS = """
insert into core.fct_ratings
select userId, movieId, min(rating), null from raw.ratings group by userId, movieId;
insert into core.fct_tags select userId from raw.tags;
insert into core.dim_movies select movieId, title, genres from raw.movies;
insert into core.dim_users
select user_id, count(*) from core.fct_ratings group by user_id;
insert into core.bridge_movie_genres select movie_id from core.dim_movies;
insert into analytics.rating_distribution
select rating, count(*), 100.0 * count(*) / sum(count(*)) over ()
from core.fct_ratings group by rating;
insert into analytics.dataset_summary
select 0.5, 5.0, 'small', 'present', count(distinct movie_id) from core.fct_ratings;
"""

PREDICTIONS = """
insert into ml.models by name
select * from (
    values
        ('embedding', 'ratings', 1),
        ('ease', 'lists', 1),
        ('matrix_factorisation', 'baseline', null)
) as models(model, role, serving_rank);
insert into ml.runs by name
select * from (
    values
        ('e1', 'embedding', 'random', 'small', 'present'),
        ('e0', 'embedding', 'random', 'small', 'past'),
        ('m1', 'matrix_factorisation', 'random', 'small', 'present'),
        ('s1', 'ease', 'serving', 'small', 'present'),
        ('s0', 'ease', 'serving', 'other', 'past')
) as runs(run_id, model, protocol, dataset, data_fingerprint);
insert into ml.rating_predictions by name
select 'e1' as run_id, user_id, movie_id, 2 + 0.5 * rating as prediction from core.fct_ratings;
insert into ml.rating_predictions by name
select 'm1' as run_id, user_id, movie_id, 0.5 as prediction from core.fct_ratings;
insert into ml.recommendations by name
select 's1' as run_id, u as user_id, r as rank, 1 + (u * 7 + r) % 600 as movie_id
from range(1, 121) as users(u) cross join range(1, 21) as ranks(r);
insert into ml.recommendations (run_id, user_id, rank, movie_id) values ('s0', 1, 1, 1);
insert into predictions.model_leaderboard values
    ('embedding', 'random', 'rmse', 'all', 0.85, 0.84, 2400, 'e1'),
    ('user_movie_biases', 'random', 'rmse', 'all', 0.88, 0.87, 2400, null);
insert into predictions.recommended_movies values ('s1');
"""

GIVEN = {
    "fct_ratings": "user_id bigint, movie_id bigint, rating double, rated_at timestamp",
    "fct_tags": "user_id bigint",
    "dim_movies": "movie_id bigint, title varchar, genres varchar",
    "dim_users": "user_id bigint, rating_count bigint",
    "bridge_movie_genres": "movie_id bigint",
    "rating_distribution": "rating double, rating_count bigint, rating_pct double",
    "dataset_summary": (
        "scale_min double, scale_max double, dataset varchar, data_fingerprint varchar,"
        " rated_movie_count bigint"
    ),
    "model_leaderboard": (
        "model varchar, protocol varchar, metric varchar, slice varchar, value double,"
        " ci_low double, row_count bigint, run_id varchar"
    ),
    "recommended_movies": "run_id varchar",
    "feature_importances": "run_id varchar",
    "rating_cluster_profiles": "run_id varchar",
}
"""The marts that a test fills itself; what gates read of them are views, as dbt compiles them."""


def warehouse(
    compiled: Compiled, *parts: str, published: bool = True, published_parts: tuple[str, ...] = ()
) -> duckdb.DuckDBPyConnection:
    """Make the warehouse of the parts, all of them by default.

    Args:
        compiled: The project's SQL.
        parts: Statements that fill it.
        published: Whether the same, or what ``published_parts`` make, was published before.
        published_parts: Statements that fill the published one.
    """
    connection = empty(compiled)
    if published:
        fill(connection, *(published_parts or (RAW, MARTS)))
        publish(connection)
        empty_again(connection)
    fill(connection, *(parts or (RAW, MARTS, PREDICTIONS)))
    return connection


def empty(compiled: Compiled) -> duckdb.DuckDBPyConnection:
    gates = [
        node["name"] for node in compiled.manifest["nodes"].values() if node["schema"] == "gates"
    ]
    return compiled.in_memory(*gates, given=GIVEN)


def fill(connection: duckdb.DuckDBPyConnection, *parts: str) -> None:
    for part in parts:
        connection.execute(part)


def publish(connection: duckdb.DuckDBPyConnection) -> None:
    """Let what the warehouse holds be what was published before."""
    figures = connection.execute(FIGURES).fetchall()
    connection.execute("truncate published.figures")
    connection.executemany("insert into published.figures values (?, ?, ?, ?, ?)", figures)


def empty_again(connection: duckdb.DuckDBPyConnection) -> None:
    for schema, table in connection.execute(
        "select schema_name, table_name from duckdb_tables() where schema_name != 'published'"
    ).fetchall():
        connection.execute(f"truncate {schema}.{table}")
