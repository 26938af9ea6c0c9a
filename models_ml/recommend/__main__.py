"""Print what to watch next: ``python -m models_ml.recommend --user 200``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from rich.console import Console, RenderableType
from rich.prompt import IntPrompt
from rich.text import Text

from models_ml.recommend.known import SHOWN, headline, rated, recommended, start_list
from models_ml.recommend.page import WIDTH, rated_table, suggestion_table
from warehouse.connection import first_line
from warehouse.errors import UserError, tells_errors
from warehouse.published import read_published
from warehouse.publishing import models_folder
from warehouse.settings import read_settings
from warehouse.text import printable

if TYPE_CHECKING:
    from models_ml.recommend.titles import Match, Movie

NEXT = "Movies to see next, with predicted stars and their 90% interval"
START = "Movies to start with: popular, and of many genres"


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Print recommendations and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m models_ml.recommend",
        description="Say what to watch next, and why; without options, what to start with.",
    )
    parser.add_argument("--user", help="the id of a user of the warehouse")
    parser.add_argument(
        "--ratings",
        type=Path,
        help="a CSV file of somebody new: the columns rating, and title or movieId or both",
    )
    options = parser.parse_args(arguments)
    warehouse = read_settings().warehouse
    console = Console(highlight=False, width=WIDTH)
    try:
        with read_published(warehouse) as connection:
            for part in _page(connection, warehouse, options.user, options.ratings, console):
                console.print(part)
    except (EOFError, KeyboardInterrupt):
        # Somebody who was asked about a title went away.
        print(file=sys.stderr)
        return 1
    except duckdb.CatalogException as error:
        lack = first_line(error)
        message = f"{warehouse} was built by another release: `make build` builds it again"
        print(f"{message}. ({lack})", file=sys.stderr)
        return 1
    return 0


def _page(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    user: str | None,
    file: Path | None,
    console: Console,
) -> list[RenderableType]:
    if user is not None and file is not None:
        raise UserError("Give USER or RATINGS, not both.")
    if user is not None:
        return _of_user(connection, user)
    if file is not None:
        ratings = _read(connection, file, console)
        if ratings:
            return _of_newcomer(connection, warehouse, ratings)
    return [suggestion_table(start_list(connection), START)]


def _of_user(connection: duckdb.DuckDBPyConnection, user: str) -> list[RenderableType]:
    if not (user.isascii() and user.isdecimal() and len(user) < 19):
        raise UserError(f"USER={user} is not the id of a user, which is a whole number.")
    user_id = int(user)
    lines = headline(connection, user_id)
    suggestions = recommended(connection, user_id)
    ratings = rated(connection, user_id)
    return [
        *(Text(printable(line)) for line in lines),
        "",
        rated_table(ratings[:SHOWN], len(ratings)),
        "",
        suggestion_table(suggestions, NEXT),
    ]


def _of_newcomer(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, ratings: dict[int, float]
) -> list[RenderableType]:
    from models_ml.recommend.newcomer import recommend

    rated, suggestions = recommend(connection, models_folder(warehouse), ratings)
    return [
        rated_table(rated, len(ratings)),
        "",
        suggestion_table(suggestions, NEXT),
    ]


def _read(connection: duckdb.DuckDBPyConnection, file: Path, console: Console) -> dict[int, float]:
    from models_ml.recommend.own_ratings import read_lines, resolve
    from models_ml.recommend.titles import read_movies

    lines = read_lines(file)
    movies = read_movies(connection)
    ((low, high),) = connection.execute(
        "select scale_min, scale_max from analytics.dataset_summary"
    ).fetchall()

    def ask(line: str, matches: "Sequence[Match]") -> "Movie | None":
        return _ask(console, line, matches)

    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return resolve(lines, movies, (low, high), ask if is_terminal else None)


def _ask(console: Console, line: str, matches: "Sequence[Match]") -> "Movie | None":
    console.print(Text(printable(line)))
    for number, match in enumerate(matches, start=1):
        console.print(Text(f"  {number}  {printable(match.movie.title)}"))
    console.print("  0  none of these: leave it out")
    choices = [str(number) for number in range(len(matches) + 1)]
    number = IntPrompt.ask("Which one", choices=choices, console=console)
    return matches[number - 1].movie if number else None


if __name__ == "__main__":
    sys.exit(main())
