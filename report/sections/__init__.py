"""The sections of the report, in a reader's order."""

from report.exhibits import Section
from report.sections import data, genres, models, movies, people, ratings

SECTIONS: tuple[Section, ...] = (
    data.SECTION,
    ratings.SECTION,
    genres.SECTION,
    movies.SECTION,
    people.SECTION,
    models.SECTION,
    models.ONE_USER,
)
