{%- set surplus = "(ratings.rating - movies.movie_bias)" -%}

with fold_sums as (
    select * from {{ ref("int_fold_user_sums") }}
),

means as (
    select * from {{ ref("fold_means") }}
),

movies as (
    select
        protocol,
        held_out_fold,
        movie_id,
        cast(release_year as double) as release_year,
        movie_bias,
        obscurity_pct
    from {{ ref("fold_movie_features") }}
),

-- What a held-out fold changes is summed for each: the surplus of a rating over the movie's bias. A
-- step that each branch reads would be held in memory, so the ratings are no step of their own.
surplus_sums as (
    {%- for protocol in protocols() + ["serving"] %}
        select {{ broadcast_hint("movies") }}
            '{{ protocol }}' as protocol,
            movies.held_out_fold,
            ratings.user_id,
            sum({{ surplus }}) as surplus,
            sum(case when movies.release_year is not null then {{ surplus }} end) as dated_surplus,
            sum(movies.release_year * {{ surplus }}) as year_surplus,
            sum(movies.obscurity_pct) as obscurity,
            sum(movies.obscurity_pct * movies.obscurity_pct) as squared_obscurity,
            sum(movies.obscurity_pct * {{ surplus }}) as obscurity_surplus,
            sum(movies.movie_bias) as bias,
            sum(movies.movie_bias * movies.movie_bias) as squared_bias,
            sum(movies.movie_bias * {{ surplus }}) as bias_surplus
        from {{ ref("rating_splits") }} as ratings
        inner join movies
            on
                ratings.movie_id = movies.movie_id
                and ratings.fold != movies.held_out_fold
        where
            ratings.{{ protocol }}_split = 'train'
            and movies.protocol = '{{ protocol }}'
        group by movies.held_out_fold, ratings.user_id
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

rating_sums as (
    select
        means.protocol,
        means.held_out_fold,
        means.mean_rating as mean_of_all,
        fold_sums.user_id,
        cast(sum(fold_sums.rating_count) as bigint) as rating_count,
        sum(fold_sums.rating_sum) as rating_sum,
        sum(fold_sums.squared_rating_sum) as squared_rating_sum,
        sum(fold_sums.half_star_count) as half_star_count,
        sum(fold_sums.year_count) as year_count,
        sum(fold_sums.year_sum) as year_sum,
        sum(fold_sums.squared_year_sum) as squared_year_sum
    from fold_sums
    inner join means
        on
            fold_sums.protocol = means.protocol
            and fold_sums.fold != means.held_out_fold
    group by means.protocol, means.held_out_fold, means.mean_rating, fold_sums.user_id
),

final as (
    select
        ratings.protocol,
        ratings.held_out_fold,
        ratings.user_id,
        ratings.rating_count,
        ratings.rating_sum / ratings.rating_count as mean_rating,
        (surpluses.surplus - ratings.rating_count * ratings.mean_of_all)
        / (ratings.rating_count + {{ var("user_bias_shrinkage") }}) as user_bias,
        sqrt(
            greatest(
                ratings.squared_rating_sum - ratings.rating_sum * ratings.rating_sum / ratings.rating_count,
                0
            ) / nullif(ratings.rating_count - 1, 0)
        ) as std_rating,
        100e0 * ratings.half_star_count / ratings.rating_count as half_star_pct,
        ratings.year_sum / ratings.year_count as mean_release_year,
        surpluses.obscurity / ratings.rating_count as mean_obscurity_pct,
        {{ shrunken_slope(
            "surpluses.year_surplus", "ratings.year_sum", "surpluses.dated_surplus",
            "ratings.squared_year_sum", "ratings.year_count", 15
        ) }} as release_year_affinity,
        {{ shrunken_slope(
            "surpluses.obscurity_surplus", "surpluses.obscurity", "surpluses.surplus",
            "surpluses.squared_obscurity", "ratings.rating_count", 30
        ) }} as obscurity_affinity,
        {{ shrunken_slope(
            "surpluses.bias_surplus", "surpluses.bias", "surpluses.surplus",
            "surpluses.squared_bias", "ratings.rating_count", 0.5
        ) }} as consensus_affinity
    from rating_sums as ratings
    inner join surplus_sums as surpluses
        on
            ratings.protocol = surpluses.protocol
            and ratings.held_out_fold = surpluses.held_out_fold
            and ratings.user_id = surpluses.user_id
)

select * from final
order by protocol, held_out_fold, user_id
