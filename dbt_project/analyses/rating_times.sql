-- When in the week do people rate, and does the hour change their mood?
--
-- One row per weekday and quarter of the day. A visit is a user on a day: people rate in sittings, and
-- one sitting of five hundred ratings is still one person at one hour. Mood is measured within
-- people: how far ratings lie from the user's own mean, each visit counted once.
--
-- How to read it: `visit_pct` is the share of all visits (100 / 28 = 3.6 is what chance gives). A
-- `mean_surplus` within `surplus_margin` (95%) of 0 shows no mood. Times are UTC, whatever the
-- user's clock said. Needs timestamps.
with ratings as (
    select * from {{ ref("fct_ratings") }}
),

users as (
    select * from {{ ref("dim_users") }}
),

timed as (
    select
        ratings.user_id,
        cast(ratings.rated_at as date) as rated_on,
        cast({{ iso_weekday("ratings.rated_at") }} as integer) as weekday,
        cast(floor(extract(hour from ratings.rated_at) / 6.0) * 6 as integer) as from_hour,
        ratings.rating - users.mean_rating as surplus
    from ratings
    inner join users
        on ratings.user_id = users.user_id
    where ratings.rated_at is not null
),

visits as (
    select
        user_id,
        rated_on,
        weekday,
        from_hour,
        count(*) as rating_count,
        avg(surplus) as surplus
    from timed
    group by user_id, rated_on, weekday, from_hour
),

counted as (
    select
        weekday,
        from_hour,
        count(*) as visit_count,
        sum(rating_count) as rating_count,
        avg(surplus) as mean_surplus,
        1.96 * stddev_samp(surplus) / sqrt(count(*)) as surplus_margin
    from visits
    group by weekday, from_hour
),

final as (
    select
        weekday,
        case weekday
            when 1 then 'Monday'
            when 2 then 'Tuesday'
            when 3 then 'Wednesday'
            when 4 then 'Thursday'
            when 5 then 'Friday'
            when 6 then 'Saturday'
            when 7 then 'Sunday'
        end as weekday_name,
        from_hour,
        visit_count,
        100 * {{ safe_divide("visit_count", "sum(visit_count) over ()") }} as visit_pct,
        cast(rating_count as bigint) as rating_count,
        mean_surplus,
        surplus_margin
    from counted
    where visit_count >= 20
)

select * from final
order by weekday, from_hour
