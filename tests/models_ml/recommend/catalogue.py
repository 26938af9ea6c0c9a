"""A few movies whose titles are easily confused."""

from models_ml.recommend.titles import Movie

MOVIES = [
    Movie(1, "Matrix, The (1999)", 259),
    Movie(2, "Matrix Reloaded, The (2003)", 82),
    Movie(3, "Toy Story (1995)", 247),
    Movie(4, "Toy Story 2 (1999)", 125),
    Movie(5, "Sabrina (1954)", 23),
    Movie(6, "Sabrina (1995)", 53),
    Movie(7, "Seven (a.k.a. Se7en) (1995)", 201),
    Movie(8, "Seven Samurai (Shichinin no samurai) (1954)", 63),
    Movie(9, "Godfather: Part II, The (1974)", 135),
    Movie(10, "Godfather, The (1972)", 200),
    Movie(11, "Lord of the Rings, The (1978)", 19),
    Movie(12, "Lord of the Rings: The Two Towers, The (2002)", 188),
    Movie(13, "2001: A Space Odyssey (1968)", 100),
    Movie(14, "Life Is Beautiful (La Vita è bella) (1997)", 99),
    Movie(15, "(500) Days of Summer (2009)", 40),
    Movie(16, "Monty Python and the Holy Grail (1975)", 145),
    Movie(17, "", 3),
    Movie(18, "$ (Dollars) (1971)", 1),
    Movie(19, "Human Centipede II (Full Sequence), The (2011)", 1),
]
