"""Matrix factorisation by Spark's alternating least squares, of ratings or of likes."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Values
from warehouse.connection import quoted
from warehouse.spark import NO_CATALOGUE, start_session

Matrix = NDArray[np.float32]

BLOCKS = 4
"""Into how many blocks Spark divides users and movies: the same always, as sums depend on it."""


def factorise(
    users: NDArray[np.int64], movies: NDArray[np.int64], values: Values, **options: Any
) -> tuple[Matrix, Matrix]:
    """Find vectors of users and movies whose dot products are near the values.

    Rows go to Spark and vectors come back as Parquet files.

    Args:
        users: Codes of users from 0, shape (rows,).
        movies: Codes of movies from 0, shape (rows,).
        values: What dot products are to be near, shape (rows,).
        options: Parameters of ``pyspark.ml.recommendation.ALS``: ``rank``, ``regParam`` and so on.

    Returns:
        Vectors of users, shape (users, rank), and of movies, shape (movies, rank), in the order of
        their codes; 0 for codes without a row.

    Raises:
        UserError: Spark's packages or Java are missing.
    """
    spark = start_session(NO_CATALOGUE)
    from pyspark.ml.recommendation import ALS

    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        rows = Path(folder, "rows.parquet")
        given = pd.DataFrame({"user": users, "movie": movies, "value": values})
        connection.register("given", given)
        connection.execute(f"copy given to {quoted(rows)} (format parquet)")
        model = ALS(
            userCol="user", itemCol="movie", ratingCol="value", numUserBlocks=BLOCKS,
            numItemBlocks=BLOCKS, **options,
        ).fit(spark.read.parquet(str(rows)))  # fmt: skip
        vectors: list[Matrix] = []
        for found, count in ((model.userFactors, users), (model.itemFactors, movies)):
            written = Path(folder, f"vectors-{len(vectors)}")
            found.write.parquet(str(written))
            solved = connection.execute(f"from {quoted(written / '*.parquet')}").fetchnumpy()
            matrix = np.zeros((int(count.max(initial=-1)) + 1, model.rank), np.float32)
            matrix[solved["id"]] = np.stack(list(solved["features"]))
            vectors.append(matrix)
    return vectors[0], vectors[1]
