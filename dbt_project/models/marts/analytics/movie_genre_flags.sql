select
    movie_id,
    {%- for genre in known_genres() %}
        max(case when genre = '{{ genre }}' then 1 else 0 end) as {{ genre_column(genre) }},
    {%- endfor %}
    max(
        case
            {%- for genre in known_genres() %}
                when genre = '{{ genre }}' then 0
            {%- endfor %}
            else 1
        end
    ) as other
from {{ ref("bridge_movie_genres") }}
group by movie_id
order by movie_id
