-- Its rows are those of a table. depends_on: {{ ref("rating_splits") }}
-- A view: its readers need one protocol. No step holds the residuals, as it would hold all protocols'.
{{ config(materialized=published_view()) }}

{%- set stars = [1.5, 2.5, 3, 4, 4.5, 5] -%}
{#- Of whom each mean is, and the means that are of that entity alone. -#}
{%- set entities = {
    "user": {"avg(movie_bias)": "mean_movie_bias", "avg(ln(1 + movie_rating_count))": "mean_popularity",
             "avg(release_year)": "mean_release_year", "stddev_samp(release_year)": "std_release_year"},
    "movie": {"avg(user_bias)": "mean_user_bias", "avg(ln(1 + user_rating_count))": "mean_activity"},
} -%}
{#- How near two movies are, 0 to 1, and how many ratings without a surplus pull the mean to 0. -#}
{%- set nearness = {
    "genres": ["genres", 2],
    "same_genres": ["power(genres, 4)", 2],
    "years": ["years", 2],
    "genres_years": ["genres * genres * years", 1],
    "consensus": ["consensus", 2],
    "popularity": ["popularity", 2],
    "all": ["genres * consensus * popularity", 1],
} %}

with pairs as (
    select
        asked.protocol,
        asked.user_id,
        asked.movie_id,
        rated.residual,
        {{ genre_cosine("asked.genre_set", "rated.genre_set") }} as genres,
        coalesce(exp(-abs(asked.release_year - rated.release_year) / 4), 0) as years,
        exp(-abs(asked.movie_bias - rated.movie_bias) / 0.15) as consensus,
        exp(
            -abs(ln(1 + asked.movie_rating_count) - ln(1 + rated.movie_rating_count)) / 0.5
        ) as popularity
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
        protocol,
        user_id,
        movie_id,
        {%- for name, (weight, pull) in nearness.items() %}
            sum({{ weight }} * residual) / (sum({{ weight }}) + {{ pull }}) as near_{{ name }},
        {%- endfor %}
        sum(power(genres, 4)) as same_genres_count,
        sum(genres * genres * years) as genres_years_count
    from pairs
    group by protocol, user_id, movie_id
),

{%- for entity, means in entities.items() %}
    {{ entity }}s as (
        select
            protocol,
            held_out_fold,
            {{ entity }}_id,
            {%- for value, name in means.items() %}
                {{ value }} as {{ entity }}_{{ name }},
            {%- endfor %}
            -- As if there were three more ratings, as far off as most are
            sqrt((sum(residual * residual) + 3 * 0.75) / (count(*) + 3)) as {{ entity }}_spread,
            {%- for least in stars %}
                avg(case when rating >= {{ least }} then 1e0 else 0e0 end)
                    as {{ entity }}_from_{{ least | string | replace(".", "_") }},
            {%- endfor %}
            avg({{ is_half_star("rating") }}) as {{ entity }}_half_stars
        from {{ ref("int_seen_residuals") }}
        where rating is not null
        group by protocol, held_out_fold, {{ entity }}_id
    ),
{% endfor %}
final as (
    select
        asked.protocol,
        asked.held_out_fold,
        asked.user_id,
        asked.movie_id,
        {%- for entity, means in entities.items() %}
            {%- for name in ["spread", "half_stars"] + means.values() | list %}
                cast({{ entity }}s.{{ entity }}_{{ name }} as real) as {{ entity }}_{{ name }},
            {%- endfor %}
            {%- for least in stars %}
                {%- set column = entity ~ "_from_" ~ least | string | replace(".", "_") %}
                cast({{ entity }}s.{{ column }} as real) as {{ column }},
            {%- endfor %}
        {%- endfor %}
        {%- for name in nearness %}
            cast(coalesce(near.near_{{ name }}, 0) as real) as near_{{ name }},
        {%- endfor %}
        cast(coalesce(near.same_genres_count, 0) as real) as same_genres_count,
        cast(coalesce(near.genres_years_count, 0) as real) as genres_years_count,
        cast(asked.mean_rating + asked.movie_bias + asked.user_bias as real) as bias_prediction,
        cast(asked.user_bias as real) as user_bias,
        cast(asked.movie_bias as real) as movie_bias,
        cast(asked.user_rating_count as real) as user_rating_count,
        cast(asked.movie_rating_count as real) as movie_rating_count,
        cast(asked.release_year as real) as release_year,
        cast(bit_count(asked.genre_set) as real) as genre_count
    from {{ ref("int_seen_residuals") }} as asked
    left join users
        on
            asked.protocol = users.protocol
            and asked.held_out_fold = users.held_out_fold
            and asked.user_id = users.user_id
    left join movies
        on
            asked.protocol = movies.protocol
            and asked.held_out_fold = movies.held_out_fold
            and asked.movie_id = movies.movie_id
    left join near
        on
            asked.protocol = near.protocol
            and asked.user_id = near.user_id
            and asked.movie_id = near.movie_id
    where asked.rating is null
)

select * from final
