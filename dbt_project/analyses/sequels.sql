-- Do people like sequels less?
--
-- A sequel is a title that ends in a number, such as `Toy Story 2` or `Godfather: Part II, The`; its
-- original is the latest earlier movie of the bare name. Sequels with a name of their own are not
-- found. Only users who rated both movies count, and only pairs with at least thirty of them: so
-- the fans who stay for the sequel are compared with themselves.
--
-- How to read it: `change` is what these users take off or put on, in stars, beyond chance where
-- it exceeds `change_margin` (95%). `overall_change` is the mean over all pairs, each counted once.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

movies as (
    select * from {{ ref("dim_movies") }}
),

named as (
    select
        movie_id,
        title,
        release_year,
        {{ regex_group("title", "^(.+?)(, The|, A|, An)? [(][0-9]{4}[)]$") }} as name
    from movies
    where release_year is not null
),

sequels as (
    select
        movie_id,
        title,
        release_year,
        {{ regex_group("name", "^(.+?)[:,]?( Part)? (II|III|IV|V|VI|[2-9])(: .*)?$") }} as original_name
    from named
),

candidates as (
    select
        sequels.movie_id as sequel_movie_id,
        sequels.title as sequel_title,
        named.movie_id as original_movie_id,
        named.title as original_title,
        row_number() over (
            partition by sequels.movie_id
            order by named.release_year desc, named.movie_id desc
        ) as row_number
    from sequels
    inner join named
        on
            sequels.original_name = named.name
            and sequels.release_year > named.release_year
),

pairs as (
    select
        candidates.original_title,
        candidates.sequel_title,
        count(*) as user_count,
        avg(before.rating) as original_mean,
        avg(after.rating) as sequel_mean,
        avg(after.rating - before.rating) as change,
        1.96 * stddev_samp(after.rating - before.rating) / sqrt(count(*)) as change_margin
    from candidates
    inner join ratings as before
        on candidates.original_movie_id = before.movie_id
    inner join ratings as after
        on
            candidates.sequel_movie_id = after.movie_id
            and before.user_id = after.user_id
    where candidates.row_number = 1
    group by candidates.original_title, candidates.sequel_title
    having count(*) >= 30
),

final as (
    select
        original_title,
        sequel_title,
        user_count,
        original_mean,
        sequel_mean,
        change,
        change_margin,
        avg(change) over () as overall_change
    from pairs
)

select * from final
order by change, sequel_title
