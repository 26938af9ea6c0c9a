{#-
    Figures of this build beside those of the published state: one row per figure and subject that
    either of them has. What is gone counts as 0; what is new has no published value.
-#}
{% macro beside_published(figures) %}
with figures as (
    select * from {{ figures }}
),

published as (
    select published.*
    from {{ source("published", "figures") }} as published
    inner join {{ ref("comparison") }} as comparison
        on published.dataset = comparison.dataset
    where
        comparison.no_comparison is null
        and published.figure in (select figures.figure from figures)
),

joined as (
    select
        coalesce(figures.figure, published.figure) as figure,
        coalesce(figures.subject, published.subject) as subject,
        coalesce(figures.value, 0) as value,
        figures.basis_count,
        figures.example,
        published.value as published_value,
        max(published.basis_count) over (
            partition by coalesce(figures.figure, published.figure)
        ) as published_basis_count
    from figures
    full outer join published
        on
            figures.figure = published.figure
            and figures.subject = published.subject
)

select
    figure,
    subject,
    value,
    basis_count,
    example,
    published_value,
    published_basis_count,
    abs(value - coalesce(published_value, 0)) as difference,
    100 * {{ safe_divide("value", "published_value") }} as kept_pct
from joined
{% endmacro %}
