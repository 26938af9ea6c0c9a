{{ config(materialized=published_view()) }}

with figures as (
    select * from {{ ref("raw_figures") }}
)

select
    mean.subject,
    mean.value as mean_rating,
    mean.published_value as published_mean_rating,
    mean.published_basis_count as published_rating_count,
    deviation.published_value as published_deviation,
    {{ safe_divide("mean.difference", "deviation.published_value") }} as shift
from figures as mean
inner join figures as deviation
    on mean.subject = deviation.subject
where
    mean.figure = 'raw_mean_rating'
    and deviation.figure = 'raw_monthly_deviation'
