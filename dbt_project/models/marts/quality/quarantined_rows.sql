{%- set columns = {
    "ratings": ["user_id", "movie_id", "rating", "rated_epoch"],
    "movies": ["movie_id", "title", "genres"],
    "tags": ["user_id", "movie_id", "tag", "tagged_epoch"],
    "links": ["movie_id", "imdb_id", "tmdb_id"],
} -%}

{%- for table, names in columns.items() %}
    select
        '{{ table }}' as table_name,
        source_file,
        line_number,
        broken_rule as rule,
        {{ row_to_json(names) }} as row_json
    from {{ ref("int_" ~ table ~ "_checked") }}
    where broken_rule is not null
    {{ "union all" if not loop.last }}
{%- endfor %}
order by table_name, source_file, line_number
