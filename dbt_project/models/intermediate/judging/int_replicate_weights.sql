{{ config(materialized="table") }}

with drawn as (
    select
        blocks.number + 1 as block,
        replicates.number as replicate,
        substr(md5((blocks.number + 1) || ':' || replicates.number), 1, 8) as hash
    from {{ number_series(var("bootstrap_blocks")) }} as blocks
    cross join {{ number_series(var("bootstrap_replicates") | int + 1) }} as replicates
),

-- A hash, as a share of 2^32, is compared with the cumulative probability of each count in the
-- Poisson distribution of mean 1: exp(-1) = 0.367879 for 0, twice that for up to 1, 0.919699 for
-- up to 2 ...
weighted as (
    select
        block,
        replicate,
        case
            when replicate = 0 then 1
            when hash < '5e2d58d9' then 0
            when hash < 'bc5ab1b1' then 1
            when hash < 'eb715e1e' then 2
            when hash < 'fb239797' then 3
            when hash < 'ff1025f6' then 4
            when hash < 'ffd90f3c' then 5
            when hash < 'fffa8b72' then 6
            else 7
        end as weight
    from drawn
)

select * from weighted
where weight > 0
