{{ config(materialized="table") }}

select
    protocol,
    avg(rating) as mean_rating
from {{ ref("int_protocol_ratings") }}
where split = 'train'
group by protocol
