with runs as (
    select * from {{ ref("current_runs") }}
),

segments as (
    select * from {{ source("ml", "user_segments") }}
),

traits as (
    select * from {{ ref("user_traits") }}
),

words as (
    {%- for trait in user_traits() %}
        select
            '{{ trait.column }}' as trait,
            '{{ trait.high }}' as high_word,
            '{{ trait.low }}' as low_word
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- Rounded, so that the last digits of a sum do not rank traits.
deviations as (
    select
        segments.run_id,
        segments.segment,
        traits.trait,
        round(avg(traits.standard_value), 6) as deviation
    from segments
    inner join runs
        on segments.run_id = runs.run_id
    inner join traits
        on segments.user_id = traits.user_id
    where runs.role = 'segments' and runs.serves
    group by segments.run_id, segments.segment, traits.trait
),

final as (
    select
        deviations.run_id,
        deviations.segment,
        deviations.trait,
        deviations.deviation,
        case
            when deviations.deviation > 0 then words.high_word
            when deviations.deviation < 0 then words.low_word
        end as word,
        row_number() over (
            partition by deviations.run_id, deviations.segment
            order by abs(deviations.deviation) desc, deviations.trait
        ) as trait_rank
    from deviations
    inner join words
        on deviations.trait = words.trait
)

select * from final
