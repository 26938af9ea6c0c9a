{#- The genres that an affinity can be for, as the columns of `movie_genre_flags` name them. -#}
{% macro affinity_genres() -%}
    {%- set columns = [] -%}
    {%- for genre in known_genres() if genre != "None" -%}
        {%- do columns.append(genre_column(genre)) -%}
    {%- endfor -%}
    {% do return(columns) %}
{%- endmacro %}
