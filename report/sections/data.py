"""What the data is: its span, what was cleaned, and whether its gates passed."""

import altair as alt
import pandas as pd

from report.charts import BLUE, wide
from report.exhibits import Column, Exhibit, Section


def ratings_by_year(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw bars of ratings over years."""
    bars = alt.Chart(frame).mark_bar(color=BLUE)
    level = alt.Axis(labelAngle=0, labelOverlap=True)
    return wide(
        bars.encode(
            x=alt.X("year:O", title="year of the rating", axis=level),
            y=alt.Y("rating_count:Q", title="ratings"),
            tooltip=[
                alt.Tooltip("year:O", title="year"),
                alt.Tooltip("rating_count:Q", title="ratings", format=","),
                alt.Tooltip("user_count:Q", title="users", format=","),
                alt.Tooltip("mean_rating:Q", title="mean rating", format=".2f"),
            ],
        ),
        height=220,
    )


SECTION = Section(
    "data",
    "The data",
    "Each line of the files is accepted, merged with another line, or refused with a reason.",
    (
        Exhibit(
            "ratings_by_year",
            "When people rated",
            "analytics.rating_years",
            "select year, rating_count, user_count, mean_rating"
            " from analytics.rating_years where scope = 'all' order by year",
            "Ratings in each year. Ratings without a time are left out.",
            ratings_by_year,
        ),
        Exhibit(
            "cleaning",
            "Where each line went",
            "quality.row_reconciliation",
            "select table_name, read_count, accepted_count, merged_count, quarantined_count"
            " from quality.row_reconciliation order by table_name",
            "Lines read are lines accepted, merged and refused. Duplicates of one user and movie"
            " are merged. quality.quarantined_rows has each refused line and the rule it broke.",
            columns={
                "table_name": Column("table"),
                "read_count": Column("lines read", ",d"),
                "accepted_count": Column("accepted", ",d"),
                "merged_count": Column("merged", ",d"),
                "quarantined_count": Column("refused", ",d"),
            },
        ),
        Exhibit(
            "missing_values",
            "What is missing",
            "quality.missing_values",
            "select table_name, column_name, row_count, missing_count, missing_pct"
            " from quality.missing_values order by table_name, column_name",
            "Values that the files leave out, by column.",
            columns={
                "table_name": Column("table"),
                "column_name": Column("column"),
                "row_count": Column("rows", ",d"),
                "missing_count": Column("missing", ",d"),
                "missing_pct": Column("% missing", ".2f"),
            },
        ),
        Exhibit(
            "gates",
            "Which gates the data passed",
            "quality.gate_results",
            "select suite, expectation, max_by(status, checked_at) as status,"
            " max_by(expected, checked_at) as expected from quality.gate_results"
            " group by suite, expectation order by max(checked_at), suite, expectation",
            "Gates judge the whole: counts, shares and shifts, not single rows. One that does not"
            " apply had nothing to compare with, or too few rows to judge by.",
            columns={
                "suite": Column("gate"),
                "expectation": Column("expectation"),
                "status": Column("status"),
                "expected": Column("expected", is_wide=True),
            },
        ),
    ),
)
