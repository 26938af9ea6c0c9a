-- Its rows are those of a table. depends_on: {{ ref("rating_splits") }}
-- A view: its readers need one protocol. No step holds the residuals, as it would hold all protocols'.
{{ config(materialized=published_view()) }}

{%- set spans = {"5_minutes": 300, "hour": 3600, "day": 86400, "week": 604800} -%}
{%- set movie_spans = {"month": 30, "half_year": 180, "2_years": 730} -%}
{%- set steps = [1, 2, 3, 5, 10] -%}
{%- set lasting = "exp(-hours / %s)" -%}
{%- set nearness = {
    "hours": [lasting % 1, 1],
    "days": [lasting % 24, 1],
    "months": [lasting % 720, 1],
    "seasons": [lasting % 8760, 1],
    "hours_genres": ["genres * genres * " ~ lasting % 1, 1],
    "days_genres": ["power(genres, 4) * " ~ lasting % 24, 0.5],
    "months_genres": ["genres * genres * release_years * " ~ lasting % 720, 0.5],
    "hours_consensus": ["consensus * " ~ lasting % 1, 1],
} -%}
{%- set whole_user = "over (partition by protocol, held_out_fold, user_id)" -%}
{%- set before -%}
    over (
        partition by protocol, held_out_fold, user_id
        order by rated_epoch, movie_id
        rows between unbounded preceding and 1 preceding
    )
{%- endset %}

with pairs as (
    select
        asked.protocol,
        asked.user_id,
        asked.movie_id,
        rated.residual,
        abs(asked.rated_epoch - rated.rated_epoch) / 3600e0 as hours,
        {{ genre_cosine("asked.genre_set", "rated.genre_set") }} as genres,
        coalesce(exp(-abs(asked.release_year - rated.release_year) / 4), 0) as release_years,
        exp(-abs(asked.movie_bias - rated.movie_bias) / 0.15) as consensus
    from {{ ref("int_seen_residuals") }} as asked
    inner join {{ ref("int_seen_residuals") }} as rated
        on
            asked.protocol = rated.protocol
            and asked.held_out_fold = rated.held_out_fold
            and asked.user_id = rated.user_id
    where asked.rating is null and rated.rating is not null
),

near as (
    select
        {%- for name, (weight, pull) in nearness.items() %}
            sum({{ weight }} * residual) / (sum({{ weight }}) + {{ pull }}) as near_{{ name }},
        {%- endfor %}
        protocol,
        user_id,
        movie_id
    from pairs
    group by protocol, user_id, movie_id
),

-- A user's seen ratings by time, with sums up to each: what lies between two of them is a difference.
numbered as (
    select
        protocol,
        held_out_fold,
        user_id,
        movie_id,
        rated_epoch,
        rating,
        residual,
        row_number() over (
            partition by protocol, held_out_fold, user_id order by rated_epoch, movie_id
        ) as number,
        sum(residual) over (
            partition by protocol, held_out_fold, user_id order by rated_epoch, movie_id
        ) as residual_sum,
        sum(rating) over (
            partition by protocol, held_out_fold, user_id order by rated_epoch, movie_id
        ) as rating_sum
    from {{ ref("int_seen_residuals") }}
    where rating is not null
),

by_user as (
    select
        protocol,
        held_out_fold,
        user_id,
        movie_id,
        rated_epoch,
        rating is null as is_asked,
        {%- for name, seconds in spans.items() %}
            {%- set frame %}over (
                partition by protocol, held_out_fold, user_id order by rated_epoch
                range between {{ seconds }} preceding and {{ seconds }} following
            ){% endset %}
            count(residual) {{ frame }} as count_{{ name }},
            sum(residual) {{ frame }} / (count(residual) {{ frame }} + 1) as surplus_{{ name }},
            avg(rating) {{ frame }} as mean_{{ name }},
            avg(case when rating is not null then movie_bias end) {{ frame }} as movie_bias_{{ name }},
        {%- endfor %}
        count(rating) {{ before }} as number_before,
        count(rating) {{ whole_user }} as user_count,
        min(case when rating is not null then rated_epoch end) {{ whole_user }} as first_epoch,
        max(case when rating is not null then rated_epoch end) {{ whole_user }} as last_epoch
    from {{ ref("int_seen_residuals") }}
),

by_movie as (
    select
        protocol,
        held_out_fold,
        user_id,
        movie_id,
        rating is null as is_asked,
        {%- for name, days in movie_spans.items() %}
            {%- set frame %}over (
                partition by protocol, held_out_fold, movie_id order by rated_epoch
                range between {{ days * 86400 }} preceding and {{ days * 86400 }} following
            ){% endset %}
            count(residual) {{ frame }} as movie_count_{{ name }},
            sum(residual) {{ frame }} / (count(residual) {{ frame }} + 2) as movie_surplus_{{ name }},
        {%- endfor %}
        min(case when rating is not null then rated_epoch end) over (
            partition by protocol, held_out_fold, movie_id
        ) as movie_first_epoch,
        avg(residual) over (
            partition by protocol, held_out_fold order by rated_epoch
            range between 1296000 preceding and 1296000 following
        ) as drift,
        release_year
    from {{ ref("int_seen_residuals") }}
),

final as (
    select
        by_user.protocol,
        by_user.held_out_fold,
        by_user.user_id,
        by_user.movie_id,
        {%- for name in spans %}
            cast(by_user.count_{{ name }} as real) as count_{{ name }},
            cast(by_user.surplus_{{ name }} as real) as surplus_{{ name }},
            cast(by_user.mean_{{ name }} as real) as mean_{{ name }},
            cast(by_user.movie_bias_{{ name }} as real) as movie_bias_{{ name }},
        {%- endfor %}
        {%- for name in movie_spans %}
            cast(by_movie.movie_count_{{ name }} as real) as movie_count_{{ name }},
            cast(by_movie.movie_surplus_{{ name }} as real) as movie_surplus_{{ name }},
        {%- endfor %}
        {%- for name in nearness %}
            cast(coalesce(near.near_{{ name }}, 0) as real) as near_{{ name }},
        {%- endfor %}
        {%- for step in steps %}
            {%- set last = "least(by_user.number_before + %s, by_user.user_count)" % step %}
            {%- set count = "%s - greatest(by_user.number_before - %s, 0)" % (last, step) %}
            {%- for value in ["residual", "rating"] %}
                {%- set first = "coalesce(from_%s.%s_sum, 0)" % (step, value) %}
                cast(
                    (coalesce(to_{{ step }}.{{ value }}_sum, 0) - {{ first }})
                    / nullif({{ count }}{{ " + 0.3" if value == "residual" }}, 0) as real
                ) as {{ "surplus" if value == "residual" else "mean" }}_next_{{ step }},
            {%- endfor %}
        {%- endfor %}
        cast(by_user.rated_epoch - from_0.rated_epoch as real) as seconds_since_last,
        cast(to_1.rated_epoch - by_user.rated_epoch as real) as seconds_to_next,
        cast(from_0.residual as real) as last_surplus,
        cast(from_0.rating as real) as last_rating,
        cast(by_user.number_before as real) as number_before,
        cast((by_user.rated_epoch - by_user.first_epoch) / 86400e0 as real) as user_days,
        cast((by_user.last_epoch - by_user.rated_epoch) / 86400e0 as real) as user_days_left,
        cast((by_user.rated_epoch - by_movie.movie_first_epoch) / 86400e0 as real) as movie_days,
        cast(by_user.rated_epoch / 86400e0 as real) as day,
        cast(by_user.rated_epoch / 31557600e0 + 1970 - by_movie.release_year as real) as movie_age,
        cast(by_movie.drift as real) as drift
    from by_user
    inner join by_movie
        on
            by_user.protocol = by_movie.protocol
            and by_user.held_out_fold = by_movie.held_out_fold
            and by_user.user_id = by_movie.user_id
            and by_user.movie_id = by_movie.movie_id
    left join near
        on
            by_user.protocol = near.protocol
            and by_user.user_id = near.user_id
            and by_user.movie_id = near.movie_id
    left join numbered as from_0
        on
            by_user.protocol = from_0.protocol
            and by_user.held_out_fold = from_0.held_out_fold
            and by_user.user_id = from_0.user_id
            and by_user.number_before = from_0.number
    {%- for step in steps %}
        left join numbered as from_{{ step }}
            on
                by_user.protocol = from_{{ step }}.protocol
                and by_user.held_out_fold = from_{{ step }}.held_out_fold
                and by_user.user_id = from_{{ step }}.user_id
                and by_user.number_before - {{ step }} = from_{{ step }}.number
        left join numbered as to_{{ step }}
            on
                by_user.protocol = to_{{ step }}.protocol
                and by_user.held_out_fold = to_{{ step }}.held_out_fold
                and by_user.user_id = to_{{ step }}.user_id
                and least(by_user.number_before + {{ step }}, by_user.user_count) = to_{{ step }}.number
    {%- endfor %}
    where by_user.is_asked and by_movie.is_asked
)

select * from final
