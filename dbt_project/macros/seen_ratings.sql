{#-
    The rule of what features by fold may know, and its one place. With a fold held out, a rating is
    seen where it is no test row and not of that fold. Test rows are there with fold 0 held out, which
    is no row's. What is not seen comes without its rating: these are the rows to predict.
-#}
{% macro seen_ratings(protocol) %}
    select
        '{{ protocol }}' as protocol,
        held_out.number as held_out_fold,
        ratings.user_id,
        ratings.movie_id,
        {{ epoch_of("ratings.rated_at") }} as rated_epoch,
        case
            when ratings.{{ protocol }}_split != 'test' and ratings.fold != held_out.number
                then ratings.rating
        end as rating
    from {{ ref("rating_splits") }} as ratings
    inner join {{ number_series(folds() | length + 1) }} as held_out
        on ratings.{{ protocol }}_split != 'test' or held_out.number = 0
    where ratings.{{ protocol }}_split is not null
{% endmacro %}
