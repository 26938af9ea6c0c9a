-- A view: it only gives the columns of `user_features` another form, for two readers.
{{ config(materialized=published_view()) }}

with traits as (
    {%- for trait in user_traits() %}
        select
            user_id,
            '{{ trait.column }}' as trait,
            '{{ trait.group }}' as trait_group,
            {% if trait.is_skewed %}ln(1 + {{ trait.column }}){% else %}{{ trait.column }}{% endif %} as value
        from {{ ref("user_features") }}
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
        traits.trait_group,
        -- Rounded, so that the last digits of a sum, which vary, do not reach a model.
        round(least(3, greatest(-3, coalesce(
            case
                -- Equal values can differ from their own mean in the last digit.
                when spreads.std_value > 1e-9
                    then (traits.value - spreads.mean_value) / spreads.std_value
            end,
            0
        ))), 9) as standard_value
    from traits
    inner join spreads
        on traits.trait = spreads.trait
)

select * from final
