with lists as (
    select * from {{ ref("int_judged_lists") }}
),

relevant as (
    select * from {{ ref("int_relevant_movies") }}
),

movies as (
    select * from {{ ref("int_movie_popularity") }}
),

test_users as (
    select * from {{ ref("int_test_users") }}
),

weights as (
    select * from {{ ref("int_replicate_weights") }}
),

catalogue as (
    select
        protocol,
        count(*) as movie_count
    from movies
    where known_count > 0
    group by protocol
),

judged_users as (
    select distinct
        test_users.protocol,
        test_users.user_id,
        test_users.block
    from test_users
    inner join relevant
        on
            test_users.protocol = relevant.protocol
            and test_users.user_id = relevant.user_id
),

shown as (
    select
        lists.protocol,
        lists.model,
        judged_users.block,
        lists.movie_id,
        count(*) as shown_count
    from lists
    inner join judged_users
        on
            lists.protocol = judged_users.protocol
            and lists.user_id = judged_users.user_id
    inner join movies
        on
            lists.protocol = movies.protocol
            and lists.movie_id = movies.movie_id
    where movies.known_count > 0
    group by lists.protocol, lists.model, judged_users.block, lists.movie_id
),

drawn as (
    select
        shown.protocol,
        shown.model,
        weights.replicate,
        shown.movie_id,
        sum(weights.weight * shown.shown_count) as exposure
    from shown
    inner join weights
        on shown.block = weights.block
    where weights.replicate <= {{ var("exposure_replicates") }}
    group by shown.protocol, shown.model, weights.replicate, shown.movie_id
),

ranked as (
    select
        protocol,
        model,
        replicate,
        exposure,
        row_number() over (
            partition by protocol, model, replicate
            order by exposure desc, movie_id desc
        ) as exposure_rank
    from drawn
),

-- Of n movies, the k-th most shown with exposure x has the weight n + 1 - 2 k in the Gini
-- coefficient; movies that nobody was shown add nothing.
final as (
    select
        ranked.protocol,
        ranked.model,
        ranked.replicate,
        count(*) / cast(max(catalogue.movie_count) as double) as coverage,
        sum((catalogue.movie_count + 1 - 2 * ranked.exposure_rank) * ranked.exposure)
        / (max(catalogue.movie_count) * cast(sum(ranked.exposure) as double)) as gini
    from ranked
    inner join catalogue
        on ranked.protocol = catalogue.protocol
    group by ranked.protocol, ranked.model, ranked.replicate
)

select * from final
