{#-
    Users, and `most` of them where there are more: a hash draws them. Means over so many have narrow
    margins, and their ratings are read at once out of any number.
-#}
{% macro drawn_users(most=10000) -%}
    with numbered as (
        select
            user_id,
            rating_count,
            mean_rating,
            row_number() over (order by md5(user_id || ':{{ var("split_seed") }}')) as draw
        from {{ ref("dim_users") }}
    )

    select
        user_id,
        rating_count,
        mean_rating
    from numbered
    where draw <= {{ most }}
{%- endmacro %}
