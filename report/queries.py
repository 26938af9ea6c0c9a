"""Queries for the reader to copy, each with the question that it answers."""

QUERIES = (
    (
        "Which movies divide people most?",
        """\
select title, count(*) as ratings, round(stddev(rating), 2) as spread
from analytics.rated_movies
group by title
having count(*) >= 50
order by spread desc
limit 10;""",
    ),
    (
        "What did one user rate highest?",
        """\
select title, rating, rated_at
from analytics.rated_movies
where user_id = 200
order by rating desc, rated_at
limit 10;""",
    ),
    (
        "Which movies are like Toy Story?",
        """\
select similar_title, round(similarity, 2) as similarity
from predictions.similar_movies
where title = 'Toy Story (1995)'
order by rank
limit 10;""",
    ),
    (
        "Which line was refused, and why?",
        """\
select source_file, line_number, rule, row_json
from quality.quarantined_rows
order by source_file, line_number
limit 10;""",
    ),
    (
        "Which model is best on movies that few people rated?",
        """\
select model, round(value, 3) as rmse, round(ci_low, 3) as low, round(ci_high, 3) as high
from predictions.model_leaderboard
where metric = 'rmse' and protocol = 'random' and slice = 'movies: rare'
order by value;""",
    ),
)
