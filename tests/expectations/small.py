"""A small warehouse to which every expectation applies, and the same one published before it.

Each of 120 users rates up to 100 of 1,100 movies, low numbers more often than high ones; their
lists of 20 movies differ.
"""

import duckdb

RAW = """
create schema raw;
create table raw.loads as select 'ratings.csv' as source_file, 'mine' as dataset;
create table raw.movies as
select
    n as movieId,
    'Movie ' || n || ' (1995)' as title,
    case when n % 3 = 0 then 'Drama|Comedy' else 'Drama' end as genres
from range(1, 1101) as numbers(n);
create table raw.ratings as
select
    u as userId,
    1 + cast(floor(1100 * power((k + hash(u * 7919 + k) % 1000 / 1000) / 100, 2)) as bigint)
        as movieId,
    1 + hash(u * 1000 + k) % 9 / 2.0 as rating,
    1000000000 + (u * 100 + k) * 20000 as timestamp
from range(1, 121) as users(u)
cross join range(100) as ks(k);
create table raw.tags as select * from raw.ratings limit 1000;
create table raw.links as select movieId from raw.movies;
"""

MARTS = """
create schema core;
create schema analytics;
create table core.fct_ratings as
select userId as user_id, min(rating) as rating, movieId as movie_id from raw.ratings group by all;
create table core.fct_tags as select * from raw.tags;
create table core.dim_movies as select movieId as movie_id, title from raw.movies;
create table core.dim_users as
select user_id, count(*) as rating_count from core.fct_ratings group by user_id;
create table core.bridge_movie_genres as
select movie_id, 'Drama' as genre from core.dim_movies;
create table analytics.rating_distribution as
select rating, count(*) as rating_count, 100.0 * count(*) / sum(count(*)) over () as rating_pct
from core.fct_ratings group by rating;
create table analytics.dataset_summary as
select 0.5 as scale_min, 5.0 as scale_max, 'present' as data_fingerprint;
"""

EMPTY_PREDICTIONS = """
create schema ml;
create schema predictions;
create table ml.runs (run_id varchar, model varchar, protocol varchar, data_fingerprint varchar);
create table ml.rating_predictions
    (run_id varchar, user_id bigint, movie_id bigint, prediction double);
create table ml.recommendations (run_id varchar, user_id bigint, rank bigint, movie_id bigint);
create view predictions.current_runs as
select run_id, model, protocol from ml.runs where data_fingerprint = 'present';
create table predictions.model_leaderboard (
    model varchar, protocol varchar, metric varchar, slice varchar, value double, ci_low double,
    row_count bigint, run_id varchar
);
create table predictions.current_recommendations (run_id varchar);
create table predictions.feature_importances (run_id varchar);
create table predictions.rating_cluster_profiles (run_id varchar);
"""

PREDICTIONS = """
insert into ml.runs values
    ('e1', 'embedding', 'random', 'present'),
    ('m1', 'matrix_factorisation', 'random', 'present'),
    ('s1', 'ease', 'serving', 'present'),
    ('s0', 'ease', 'serving', 'past');
insert into ml.rating_predictions
select 'e1', user_id, movie_id, 2 + 0.5 * rating from core.fct_ratings;
insert into ml.rating_predictions select 'm1', user_id, movie_id, 0.5 from core.fct_ratings;
insert into ml.recommendations
select 's1', u, r, 1 + (u * 7 + r) % 600
from range(1, 121) as users(u) cross join range(1, 21) as ranks(r);
insert into ml.recommendations select 's0', 1, 1, 1;
insert into predictions.model_leaderboard values
    ('embedding', 'random', 'rmse', 'all', 0.85, 0.84, 2400, 'e1'),
    ('user_movie_biases', 'random', 'rmse', 'all', 0.88, 0.87, 2400, null);
insert into predictions.current_recommendations values ('s1');
"""


def warehouse(*parts: str, published: bool = True) -> duckdb.DuckDBPyConnection:
    """Make the warehouse; the published one holds the raw tables and marts."""
    connection = duckdb.connect()
    if published:
        connection.execute("attach ':memory:' as published; use published")
        connection.execute(RAW + MARTS)
        connection.execute("use memory")
    for part in parts or (RAW, MARTS, EMPTY_PREDICTIONS, PREDICTIONS):
        connection.execute(part)
    return connection
