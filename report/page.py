"""The report as a page: ``python -m report.page`` writes ``site/index.html``.

One file that needs no network, and each picture as SVG, PNG and CSV beside it.
"""

import argparse
import base64
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from report.charts import save, specification
from report.exhibits import Exhibit, Section, read
from report.queries import QUERIES
from report.sections import SECTIONS
from warehouse.connection import first_line
from warehouse.errors import UserError, tells_errors
from warehouse.published import read_published
from warehouse.settings import read_settings

USER = 200
"""The user whom the reference analysis shows; in data without, the first user."""

FOUND = 2_000
"""How many of the most rated movies a reader can look for."""

PARTS = {"dbt/index.html": "Relations and lineage", "gates/index.html": "Gates"}
"""What `make docs` puts beside the report."""

ONE_USER = "select coalesce(max(user_id) filter (user_id = ?), min(user_id)) from core.dim_users"

MOVIES = """
select
    movies.title,
    movies.popularity_rank,
    movies.rating_count,
    round(movies.mean_rating, 3) as mean_rating,
    round(scores.weighted_score, 3) as weighted_score,
    scores.score_rank
from analytics.most_rated_movies as movies
left join analytics.movie_scores as scores using (movie_id)
where movies.title is not null
order by movies.popularity_rank, movies.movie_id
limit ?
"""


@dataclass
class Shown:
    """An exhibit with its rows, ready for the page."""

    exhibit: Exhibit
    rows: pd.DataFrame
    specification: dict[str, Any] | None = field(default=None)

    @property
    def csv(self) -> str:
        """The rows as CSV text."""
        return self.rows.to_csv(index=False, lineterminator="\n")

    @property
    def link(self) -> str:
        """The CSV text as the address of a download."""
        return "data:text/csv;base64," + base64.b64encode(self.csv.encode()).decode()

    @property
    def groups(self) -> list[tuple[str, list[list[str]]]]:
        """The cells of a table by the value that picks them; of a table without a pick, all."""
        columns, pick = self.exhibit.columns, self.exhibit.pick
        groups: dict[str, list[list[str]]] = {}
        for row in self.rows.to_dict("records"):
            cells = [column.show(row[name]) for name, column in columns.items()]
            groups.setdefault(str(row[pick]) if pick else "", []).append(cells)
        return list(groups.items())


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Write the report and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m report.page", description="Write the report of the published warehouse."
    )
    parser.add_argument("--site", type=Path, default=Path("site"), help="where to write it")
    options = parser.parse_args(arguments)
    warehouse = read_settings().warehouse
    try:
        with read_published(warehouse) as connection:
            page = write_report(connection, options.site)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        message = f"{warehouse} was built by another release: `make build` builds it again."
        raise UserError(f"{message} ({first_line(error)})") from error
    print(f"The report is in {page}: open it in a browser.")
    return 0


def write_report(connection: duckdb.DuckDBPyConnection, site: Path) -> Path:
    """Write the page and the files of its pictures.

    Args:
        connection: A connection to the warehouse.
        site: The folder to write to, which need not exist.

    Returns:
        The page.
    """
    ((user,),) = connection.execute(ONE_USER, [USER]).fetchall()
    sections = [(section, show(connection, section, user)) for section in SECTIONS]
    figures = site / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for section in SECTIONS:
        for exhibit in section.exhibits:
            # One of an earlier report that this one has no rows for; other files are somebody's
            for suffix in (".csv", ".svg", ".png"):
                (figures / f"{exhibit.name}{suffix}").unlink(missing_ok=True)
    for _, exhibits in sections:
        for shown in exhibits:
            (figures / f"{shown.exhibit.name}.csv").write_text(shown.csv, "utf-8")
            if shown.specification:
                save(shown.specification, figures / shown.exhibit.name)
    page = site / "index.html"
    parts = {path: name for path, name in PARTS.items() if (site / path).exists()}
    page.write_text(render(connection, sections, user, parts), "utf-8")
    return page


def show(connection: duckdb.DuckDBPyConnection, section: Section, user: int) -> list[Shown]:
    """Read the exhibits of a section that have rows."""
    exhibits = []
    for exhibit in section.exhibits:
        rows = read(connection, exhibit, user)
        if rows.empty:
            continue
        shown = Shown(exhibit, rows)
        if exhibit.chart:
            description = f"{exhibit.heading}. {exhibit.note}"
            shown.specification = specification(exhibit.chart(rows), description)
        exhibits.append(shown)
    return exhibits


def render(
    connection: duckdb.DuckDBPyConnection,
    sections: list[tuple[Section, list[Shown]]],
    user: int,
    parts: dict[str, str],
) -> str:
    """Make the text of the page."""
    import vl_convert

    environment = Environment(
        loader=PackageLoader("report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Its stub lacks the default of its only argument
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    environment.filters["code"] = code
    environment.filters["breakable"] = breakable
    (summary,) = connection.execute("from analytics.dataset_summary").df().to_dict("records")
    found = connection.execute(MOVIES, [FOUND]).df()
    references = [
        (shown.exhibit.reference, shown.exhibit)
        for _, exhibits in sections
        for shown in exhibits
        if shown.exhibit.reference
    ]
    return environment.get_template("page.html.j2").render(
        summary=summary,
        sections=sections,
        references=sorted(references, key=lambda pair: _order(pair[0])),
        movies=found.astype(object).where(found.notna(), None).to_numpy().tolist(),
        user=user,
        queries=QUERIES,
        parts=parts,
        # The library is trusted; an end tag in it would close the script that holds it
        library=Markup(bundle.replace("</script", r"<\/script")),
    )


def breakable(text: str) -> Markup:
    """Let a long name break after its underscores, and a list of genres after its bars."""
    return Markup(re.sub(r"([_|])", r"\1<wbr>", str(escape(text))))


def code(text: str) -> Markup:
    """Show what stands between backticks as code."""
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", str(escape(text))))


def _order(reference: str) -> tuple[str, int]:
    kind, _, number = reference.partition(" ")
    return kind, int(number)


if __name__ == "__main__":
    sys.exit(main())
