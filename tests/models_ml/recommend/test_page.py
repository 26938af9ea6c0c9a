"""The page fits a terminal of eighty columns, whatever the warehouse holds."""

import io

from rich.cells import cell_len
from rich.console import Console, RenderableType

from models_ml.recommend.page import WIDTH, Rated, Suggestion, rated_table, suggestion_table


def shown(*parts: RenderableType) -> list[str]:
    screen = io.StringIO()
    console = Console(file=screen, width=WIDTH)
    for part in parts:
        console.print(part)
    return screen.getvalue().splitlines()


LONG = "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)"


def test_the_page_fits_eighty_columns() -> None:
    genres = "Action|Adventure|Animation|Children|Comedy|Fantasy"
    suggestions = [
        Suggestion(20, LONG, genres, f"because you rated {LONG} 5.0 and {LONG} 4.5", 4.3, 3.1, 5.0),
        Suggestion(1, "千と千尋の神隠し" * 6, "None", "popular", 4.3),
        Suggestion(1, "\x1b[31mred", "[/]", "because you rated \x1b[31mred 5.0", 4.3),
    ]
    lines = shown(
        rated_table([Rated(5.0, 4.7, LONG, genres), Rated(0.5, None, "A", "B")], 143),
        suggestion_table(suggestions, "Movies to see"),
        suggestion_table([Suggestion(1, LONG, genres, "popular")], "Movies to start with"),
    )
    assert max(cell_len(line.rstrip()) for line in lines) <= WIDTH
    text = "\n".join(lines)
    assert "\x1b" not in text and r"\x1b[31mred" in text
    assert "The 2 highest of 143 ratings" in text
    assert "4.3 (3.1-5.0)" in text
    assert "…" in text


def test_all_of_few_ratings_are_shown() -> None:
    assert shown(rated_table([Rated(5.0, None, "A", "B")], 1))[0].startswith("1 rating, ")
