{#- The genres of the MovieLens releases, and `None` for movies that list none. -#}
{% macro known_genres() -%}
    {% do return([
        "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama",
        "Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi",
        "Thriller", "War", "Western", "None",
    ]) %}
{%- endmacro %}

{#- How columns spell a genre: `sci_fi`. -#}
{% macro genre_column(genre) -%}
    {% do return(genre | lower | replace("-", "_")) %}
{%- endmacro %}
