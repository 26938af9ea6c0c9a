{%- set length = var("list_length") | int -%}

with lists as (
    select * from {{ ref("int_judged_lists") }}
),

ratings as (
    select * from {{ ref("int_protocol_ratings") }}
),

movies as (
    select * from {{ ref("int_movie_popularity") }}
),

movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

known as (
    select
        protocol,
        user_id,
        movie_id
    from ratings
    where split != 'test'
),

profiles as (
    select
        known.protocol,
        known.user_id,
        avg(movies.known_count) as mean_popularity
    from known
    inner join movies
        on
            known.protocol = movies.protocol
            and known.movie_id = movies.movie_id
    group by known.protocol, known.user_id
),

user_counts as (
    select
        protocol,
        count(*) as user_count
    from profiles
    group by protocol
),

numbered_genres as (
    select
        genre,
        row_number() over (order by count(*) desc, genre) as genre_number
    from movie_genres
    group by genre
),

-- A movie's genres as the bits of a number; there is room for the 62 most common genres.
genre_sets as (
    select
        movie_genres.movie_id,
        cast(sum(cast(power(2, numbered_genres.genre_number - 1) as bigint)) as bigint) as genre_set
    from movie_genres
    inner join numbered_genres
        on movie_genres.genre = numbered_genres.genre
    where numbered_genres.genre_number <= 62
    group by movie_genres.movie_id
),

-- A movie that nobody has rated counts as if one user had.
listed as (
    select
        lists.protocol,
        lists.model,
        lists.user_id,
        lists.rank,
        coalesce(movies.known_count, 0) as known_count,
        log2(user_counts.user_count / greatest(coalesce(movies.known_count, 0), 1.0)) as surprise,
        coalesce(genre_sets.genre_set, 0) as genre_set
    from lists
    inner join user_counts
        on lists.protocol = user_counts.protocol
    left join movies
        on
            lists.protocol = movies.protocol
            and lists.movie_id = movies.movie_id
    left join genre_sets
        on lists.movie_id = genre_sets.movie_id
),

lists_of_sets as (
    select
        protocol,
        model,
        user_id,
        avg(known_count) as mean_popularity,
        avg(surprise) as novelty,
        {%- for rank in range(1, length + 1) %}
            max(case when rank = {{ rank }} then genre_set end) as set_{{ rank }},
        {%- endfor %}
        count(*) as movie_count
    from listed
    group by protocol, model, user_id
),

-- The Jaccard index: genres that both movies have, as a share of those that either has. Where
-- neither has a genre it is 0. Each pair of ranks is a term, as a join of the pairs takes far longer.
means as (
    select
        protocol,
        model,
        user_id,
        mean_popularity,
        novelty,
        1 - (
            0
            {%- for first in range(1, length) %}
                {%- for second in range(first + 1, length + 1) %}
                    {%- set sets = ("set_" ~ first, "set_" ~ second) %}
                    + coalesce({{ safe_divide(
                        "bit_count(%s & %s)" % sets, "bit_count(%s | %s)" % sets
                    ) }}, 0)
                {%- endfor %}
            {%- endfor %}
        ) / nullif(movie_count * (movie_count - 1) / 2.0, 0) as diversity
    from lists_of_sets
),

final as (
    select
        means.protocol,
        means.model,
        means.user_id,
        means.novelty,
        means.diversity,
        means.mean_popularity / profiles.mean_popularity as popularity_bias
    from means
    left join profiles
        on
            means.protocol = profiles.protocol
            and means.user_id = profiles.user_id
)

select * from final
