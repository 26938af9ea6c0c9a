-- As in models_ml/segments/user_segments.py: what is unknown counts as the mean, and it no longer
-- matters how far beyond three standard deviations a user is.
with features as (
    select * from {{ ref("user_features") }}
),

traits as (
    {%- for trait in user_traits() %}
        select
            user_id,
            '{{ trait.column }}' as trait,
            '{{ trait.high }}' as high_word,
            '{{ trait.low }}' as low_word,
            {% if trait.is_skewed %}ln(1 + {{ trait.column }}){% else %}{{ trait.column }}{% endif %} as value
        from features
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

spreads as (
    select
        trait,
        avg(value) as mean_value,
        stddev_samp(value) as std_value
    from traits
    group by trait
),

final as (
    select
        traits.user_id,
        traits.trait,
        traits.high_word,
        traits.low_word,
        coalesce(
            least(3, greatest(-3, case
                -- Equal values can differ from their own mean in the last digit.
                when spreads.std_value > 1e-9
                    then (traits.value - spreads.mean_value) / spreads.std_value
            end)),
            0
        ) as standard_value
    from traits
    inner join spreads
        on traits.trait = spreads.trait
)

select * from final
