{#- 32 hexadecimal digits that the ids of a rating alone decide, and the seed of the splits. -#}
{% macro rating_hash(user_id, movie_id) -%}
    md5({{ user_id }} || ':' || {{ movie_id }} || ':{{ var("split_seed") }}')
{%- endmacro %}

{#- The first 12 digits of that hash as a number: the order in which the random protocol draws. -#}
{% macro rating_draw(hash) -%}
    {{ hex_to_number("substr(" ~ hash ~ ", 1, 12)") }}
{%- endmacro %}
