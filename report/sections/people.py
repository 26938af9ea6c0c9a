"""Segments of users, and the clusters of ratings that the reference analysis made."""

import altair as alt
import pandas as pd

from report.charts import BLUE, beside, wide
from report.exhibits import Column, Exhibit, Section


def segment_map(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the cells of the map, as large as they have users, in the colour of the segment."""
    frame = frame.assign(
        x=(frame["x_lower"] + frame["x_upper"]) / 2,
        y=(frame["y_lower"] + frame["y_upper"]) / 2,
        label=frame["segment"].astype(str) + " " + frame["name"],
    )
    segments = alt.Scale(domain=sorted(frame["label"].unique()))
    legend = alt.Legend(title=None, columns=1, labelLimit=400, symbolOpacity=1)
    bare = alt.Axis(labels=False, ticks=False, grid=False)
    return wide(
        alt.Chart(frame)
        .mark_point(filled=True, opacity=0.75, aria=False)
        .encode(
            x=alt.X("x:Q", title="first coordinate", axis=bare),
            y=alt.Y("y:Q", title="second coordinate", axis=bare),
            size=alt.Size("user_count:Q", scale=alt.Scale(range=[25, 300]), legend=None),
            color=alt.Color("label:N", scale=segments, legend=legend),
            shape=alt.Shape("label:N", scale=segments, legend=legend),
            tooltip=[
                alt.Tooltip("label:N", title="segment"),
                alt.Tooltip("user_count:Q", title="users", format=","),
            ],
        ),
        height=360,
    )


def cluster_means(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw a bar for the mean rating of each cluster."""
    base = alt.Chart(frame).encode(
        x=alt.X("mean_rating:Q", title="mean rating (stars)"),
        y=alt.Y("cluster:O", title="cluster"),
        tooltip=[
            alt.Tooltip("cluster:O"),
            alt.Tooltip("mean_rating:Q", title="mean rating", format=".3f"),
            alt.Tooltip("rating_count:Q", title="ratings", format=","),
        ],
    )
    labels = beside(base, "mean_rating", ".2f")
    return wide(base.mark_bar(color=BLUE) + labels, height=alt.Step(28))


SECTION = Section(
    "people",
    "Segments and clusters",
    "Users in one segment rate alike: how much, how strictly, what. The clusters are those of the"
    " reference analysis, over ids and ratings, and are kept to compare with.",
    (
        Exhibit(
            "segment_map",
            "The map of users",
            "predictions.segment_map",
            "select segment, name, x_lower, x_upper, y_lower, y_upper, user_count"
            " from predictions.segment_map order by segment, x_lower, y_lower",
            "Users who stand near each other differ little in how they rate. A larger point"
            " stands for more users; the two coordinates have no unit.",
            segment_map,
        ),
        Exhibit(
            "segment_profiles",
            "What sets each segment apart",
            "predictions.segment_profiles",
            "select segment, name, user_count, user_pct, mean_rating, mean_rating_count,"
            " mean_half_star_pct from predictions.segment_profiles order by segment",
            "The name says the three traits in which a segment differs most from all users.",
            columns={
                "segment": Column("segment", "d"),
                "name": Column("name"),
                "user_count": Column("users", ",d"),
                "user_pct": Column("% of users", ".1f", is_wide=True),
                "mean_rating": Column("mean rating", ".2f"),
                "mean_rating_count": Column("ratings a user", ",.0f"),
                "mean_half_star_pct": Column("% half stars", ".1f", is_wide=True),
            },
        ),
        Exhibit(
            "rating_clusters",
            "The clusters of the reference analysis",
            "predictions.rating_cluster_profiles",
            "select cluster, rating_count, mean_user_id, mean_movie_id, mean_rating"
            " from predictions.rating_cluster_profiles order by cluster",
            "K-means with five clusters on the standardised columns: means of the cluster's rows."
            " Ids say nothing about people, so these are no segments.",
            columns={
                "cluster": Column("cluster", "d"),
                "rating_count": Column("ratings", ",d"),
                "mean_user_id": Column("mean user id", ",.0f"),
                "mean_movie_id": Column("mean movie id", ",.0f"),
                "mean_rating": Column("mean rating", ".3f"),
            },
            reference="Table 4",
        ),
        Exhibit(
            "cluster_means",
            "Mean rating of each cluster",
            "predictions.rating_cluster_profiles",
            "select cluster, mean_rating, rating_count from predictions.rating_cluster_profiles"
            " order by cluster",
            "ml.rating_clusters has the cluster of each rating.",
            cluster_means,
            reference="Table 5",
        ),
    ),
    missing="No model was trained on these data yet: `make train` fits them.",
)
