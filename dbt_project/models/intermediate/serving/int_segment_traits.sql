with runs as (
    select * from {{ ref("int_current_runs") }}
),

segments as (
    select * from {{ ref("stg_user_segments") }}
),

traits as (
    select * from {{ ref("int_user_traits") }}
),

-- Rounded, so that the last digits of a sum do not rank traits.
deviations as (
    select
        segments.run_id,
        segments.segment,
        traits.trait,
        traits.high_word,
        traits.low_word,
        round(avg(traits.standard_value), 6) as deviation
    from segments
    inner join runs
        on segments.run_id = runs.run_id
    inner join traits
        on segments.user_id = traits.user_id
    where runs.model = 'user_segments'
    group by segments.run_id, segments.segment, traits.trait, traits.high_word, traits.low_word
),

final as (
    select
        run_id,
        segment,
        trait,
        deviation,
        case when deviation > 0 then high_word when deviation < 0 then low_word end as word,
        row_number() over (
            partition by run_id, segment
            order by abs(deviation) desc, trait
        ) as trait_rank
    from deviations
)

select * from final
