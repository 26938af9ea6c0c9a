{%- set columns = {
    "ratings": ["user_id", "movie_id", "rating", "rated_at"],
    "movies": ["movie_id", "title", "genres"],
    "tags": ["user_id", "movie_id", "tag", "tagged_at"],
    "links": ["movie_id", "imdb_id", "tmdb_id"],
} -%}

with
{%- for table, names in columns.items() %}
    {{ table }} as (
        select
            {%- for name in names %}
                count({{ name }}) as {{ name }},
            {%- endfor %}
            count(*) as row_count
        from {{ ref("stg_" ~ table) }}
    ),
{%- endfor %}

counted as (
    {%- for table, names in columns.items() %}
        {%- set last_table = loop.last %}
        {%- for name in names %}
            select
                '{{ table }}' as table_name,
                '{{ name }}' as column_name,
                row_count,
                row_count - {{ name }} as missing_count
            from {{ table }}
            {{ "union all" if not (loop.last and last_table) }}
        {%- endfor %}
    {%- endfor %}
)

select
    table_name,
    column_name,
    row_count,
    missing_count,
    coalesce(100 * {{ safe_divide("missing_count", "row_count") }}, 0) as missing_pct
from counted
