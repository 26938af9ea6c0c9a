with movie_genres as (
    select * from {{ ref("bridge_movie_genres") }}
),

final as (
    select
        movie_id,
        {%- for genre in known_genres() %}
            max(case when genre = '{{ genre }}' then 1 else 0 end) as {{ genre | lower | replace("-", "_") }},
        {%- endfor %}
        max(
            case
                {%- for genre in known_genres() %}
                    when genre = '{{ genre }}' then 0
                {%- endfor %}
                else 1
            end
        ) as other
    from movie_genres
    group by movie_id
)

select * from final
order by movie_id
