"""Queries to begin with, each of which answers a question."""

EXAMPLES = {
    "Which films are the best?": """
select title, rating_count, round(mean_rating, 2) as mean, weighted_score
from analytics.movie_scores
order by score_rank
limit 20
""",
    "How are the ratings distributed?": """
select rating, rating_count, rating_pct
from analytics.rating_distribution
order by rating
""",
    "How kind are people to each genre?": """
select genre, round(mean_rating, 3) as mean, rating_count, movie_count
from analytics.genre_counts
order by mean desc
""",
    "How many ratings came in each year?": """
select year, rating_count, user_count, mean_rating
from analytics.rating_years
where scope = 'all'
order by year
""",
    "Which decades hold up?": """
select
    cast(floor(release_year / 10) * 10 as integer) as decade,
    round(avg(weighted_score), 3) as mean_score,
    count(*) as movie_count
from analytics.movie_scores
inner join core.dim_movies using (movie_id)
where release_year is not null
group by decade
having count(*) >= 20
order by decade
""",
    "Which films divide people?": """
select title, count(*) as rating_count, round(stddev_samp(rating), 3) as deviation
from core.fct_ratings
inner join core.dim_movies using (movie_id)
group by movie_id, title
having count(*) >= 50
order by deviation desc
limit 20
""",
    "How far off are the models, on ratings that they never saw?": """
select model, value as rmse, ci_low, ci_high, row_count
from predictions.model_leaderboard
where protocol = 'random' and metric = 'rmse' and slice = 'all'
order by rmse
""",
    "Which film is recommended to most users?": """
select title, count(*) as user_count, round(avg(prediction), 2) as mean_prediction
from predictions.current_recommendations
group by movie_id, title
order by user_count desc
limit 20
""",
    "Where did every line of the files go?": """
select
    table_name, read_count, accepted_count, merged_count, quarantined_count, unexplained_count
from quality.row_reconciliation
order by table_name
""",
}
"""SQL by question."""
