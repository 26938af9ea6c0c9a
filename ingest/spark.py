"""Load a dataset by Spark: files that lie in a lake, or that are larger than one machine.

Spark divides the files of ratings and numbers their lines. The rules for a line are those of
:mod:`ingest.rating_lines` and :mod:`ingest.parquet`: the same SQL, in a DuckDB in each of Spark's
Python workers. Movies, tags and links, of which a record may span lines, are read on this machine.
"""

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

from ingest.files import (
    COLUMNS,
    FIELD_MARK,
    MAX_LINE_BYTES,
    SourceFile,
    canonical_name,
    check_columns,
    check_unpacked,
    decoded,
    find_files,
    most_unpacked_bytes,
    name_pattern,
)
from ingest.load import (
    Load,
    Progress,
    check_counts,
    dataset_name,
    lines_left,
    load_file,
    now,
    record,
)
from ingest.parquet import check_row_count, insert_parquet_rows
from ingest.rating_lines import insert_rating_lines, printable
from warehouse.connection import first_line, quoted
from warehouse.errors import UserError
from warehouse.spark import NO_CATALOGUE, start_session
from warehouse.tables import create_tables, source_columns

if TYPE_CHECKING:
    import pyarrow as pa

SETTINGS = NO_CATALOGUE | {
    # Lines that a worker's DuckDB takes at once
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
    "spark.sql.parquet.binaryAsString": "true",
}

JUDGED = """
select userId, movieId, rating, timestamp, line_number, null as error, null as raw_line
from raw.ratings
union all by name
select * exclude source_file from raw.rejected_lines
"""
"""What becomes of lines: ratings, and with an error those that are none."""

JUDGED_TYPES = (
    "userId bigint, movieId bigint, rating double, timestamp bigint, line_number bigint,"
    " error string, raw_line string"
)

PARQUET_MARK = b"PAR1"
"""The first bytes of a Parquet file."""


def load_by_spark(
    address: str, limit: int | None = None, progress: Progress = lambda path: None
) -> list[Load]:
    """Write the ``raw`` tables of a dataset into Spark's ``spark.sql.warehouse.dir``.

    Args:
        address: A folder as Spark knows it, such as ``s3a://bucket/ratings`` or ``file:///data``;
            :func:`ingest.files.find_files` says what it may hold, but Spark reads no ``.zst``.
        limit: Read only so many lines of ratings.
        progress: Called with each file before it is read.

    Returns:
        What became of each file, in the order of reading.

    Raises:
        UserError: Spark cannot start, or the folder, a file or a header is not what it must be.
    """
    spark = start_session(SETTINGS)
    # Spark divides files by how many cores it has: a line's place must not depend on when it asks
    cores = spark.sparkContext.defaultParallelism
    spark.conf.set("spark.sql.files.minPartitionNum", cores)
    with TemporaryDirectory() as copies, duckdb.connect() as connection:
        folder = Folder(spark, address, Path(copies))
        create_tables(connection, "raw")
        loaded_at = now()
        loads: list[Load] = []
        with folder.errors():
            for file in folder.files():
                left = lines_left(limit, loads)
                if file.table == "ratings" and left == 0:
                    continue
                progress(folder.address_of(file))
                if file.table == "ratings":
                    loads.append(folder.load_ratings(file, left))
                else:
                    loads.append(load_file(connection, file))
                name = dataset_name(Path(address), limit)
                record(connection, loads[-1], folder.fingerprint(file), name, loaded_at)
            for table in source_columns("raw"):
                # A table without rows has its columns all the same
                rows = connection.table(f"raw.{table}").to_arrow_table()
                folder.write(spark.createDataFrame(rows), table)
    return loads


class Folder:
    """A folder of a dataset that Spark can read, with what this machine needs of it.

    Of a file of ratings, this is its first line, for the rules about names and headers; any other
    file of the dataset is copied whole.

    Args:
        spark: The session.
        address: The folder as Spark knows it.
        copies: An empty folder of this machine.
    """

    def __init__(self, spark: Any, address: str, copies: Path) -> None:
        self._spark = spark
        self._address = address.rstrip("/")
        self._copies = copies
        self._hadoop = spark._jvm.org.apache.hadoop.fs

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what Spark raises into sentences, in which files have their names in the folder.

        Raises:
            UserError: Something was raised.
        """
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        try:
            yield
        except UserError as error:
            raise UserError(str(error).replace(str(self._copies), self._address)) from error
        except (Py4JJavaError, PySparkException) as error:
            reason = error.java_exception if isinstance(error, Py4JJavaError) else error
            raise UserError(f"{self._address} cannot be read: {first_line(reason)}") from error

    def files(self) -> list[SourceFile]:
        """Find the dataset's files, in the order of reading.

        Raises:
            UserError: As :func:`ingest.files.find_files`, or a file of ratings ends in ``.zst``.
        """
        path = self._hadoop.Path(self._address)
        for status in self._files_of(path).listStatus(path):
            name = status.getPath().getName()
            tables = [table for table in COLUMNS if name_pattern(table).fullmatch(name)]
            if not (tables and status.isFile()):
                continue
            copy = self._copies / name
            if tables == ["ratings"]:
                copy.write_bytes(self._start(copy, status.getLen()))
            else:
                source, target = status.getPath(), self._hadoop.Path(str(copy))
                self._files_of(source).copyToLocalFile(False, source, target, True)
        return find_files(self._copies)

    def _start(self, copy: Path, byte_count: int) -> bytes:
        """Read the first line of a file of ratings."""
        if copy.suffix == ".zst":
            raise UserError(f"{copy} cannot be read by Spark: unpack it.")
        if copy.suffix == ".parquet" or byte_count == 0:
            return PARQUET_MARK[:byte_count]
        first = self._lines(copy.name).select("line").first()
        start = bytes(first.line) + b"\n" if first else b""
        return gzip.compress(start) if copy.suffix == ".gz" else start

    def load_ratings(self, file: SourceFile, limit: int | None) -> Load:
        """Write what becomes of a file's lines into the raw tables, and count it.

        Raises:
            UserError: The file has no lines, or is not one of ratings.
        """
        from pyspark import StorageLevel

        is_parquet = file.path.suffix == ".parquet"
        line_count, lines = (self._rows if is_parquet else self._numbered_lines)(file, limit)
        judge = partial(judged, insert_rows if is_parquet else insert_lines, file)
        # Kept on disk, as it is read three times
        became = lines.mapInArrow(judge, JUDGED_TYPES).persist(StorageLevel.DISK_ONLY)
        counts = became.selectExpr("count_if(error is null)", "count(error)").first()
        load = Load(file, line_count, *counts)
        check_counts(load)
        source_file = f"{quoted(file.path.name)} as source_file"
        if load.accepted_count:
            columns = ["userId", "movieId", "rating", "timestamp", source_file, "line_number"]
            self.write(became.where("error is null").selectExpr(*columns), "ratings")
        if load.rejected_count:
            columns = [source_file, "line_number", "error", "raw_line"]
            self.write(became.where("error is not null").selectExpr(*columns), "rejected_lines")
        became.unpersist()
        return load

    def write(self, rows: Any, table: str) -> None:
        """Add rows to a raw table of the lake."""
        lake = self._spark.conf.get("spark.sql.warehouse.dir")
        rows.write.mode("append").parquet(f"{lake}/raw.db/{table}")

    def _rows(self, file: SourceFile, limit: int | None) -> tuple[int, Any]:
        """Count the rows of a Parquet file, and number them."""
        rows = self._spark.read.parquet(self._pattern(file.path.name))
        columns = tuple(canonical_name(file.table, name) for name in rows.columns)
        check_columns(file.table, file.path, columns)
        row_count = rows.count()
        check_row_count(file.path, row_count, self._byte_count(file))
        numbered = rows.selectExpr("*", "_metadata.row_index as file_row_number")
        if limit is None:
            return row_count, numbered
        return min(row_count, limit), numbered.where(f"file_row_number < {limit}")

    def _numbered_lines(self, file: SourceFile, limit: int | None) -> tuple[int, Any]:
        """Count the lines of a text file below its header, and number them."""
        from pyspark.sql.functions import broadcast, expr

        lines = self._lines(file.path.name)
        blocks = (
            lines.groupBy("block")
            .agg(
                *(expr("min(row) as first"), expr("count(*) as line_count")),
                *(expr("max(length(line)) as longest"), expr("sum(length(line)) as byte_count")),
            )
            .orderBy("block")
            .collect()
        )
        if any(block.longest > MAX_LINE_BYTES for block in blocks):
            raise UserError(
                f"{file.path} has a line of more than {MAX_LINE_BYTES:,} bytes: is it text?"
            )
        unpacked_bytes = sum(block.byte_count for block in blocks)
        check_unpacked(file.path, unpacked_bytes, most_unpacked_bytes(self._byte_count(file)))
        before = list(accumulate((block.line_count for block in blocks), initial=0))
        shifts = [
            (block.block, 1 + lines_before - block.first)
            for block, lines_before in zip(blocks, before, strict=False)
        ]
        header_count = int(file.has_header)
        line_count = before[-1] - header_count
        if limit is not None:
            line_count = min(line_count, limit)
        shift = self._spark.createDataFrame(shifts, "block bigint, shift bigint")
        numbered = lines.join(broadcast(shift), "block").selectExpr(
            "line", "row + shift as line_number"
        )
        first, last = header_count + 1, header_count + line_count
        return line_count, numbered.where(f"line_number between {first} and {last}")

    def _lines(self, name: str) -> Any:
        """Read a text file's lines, each with its block's first byte and its place in the block.

        Lines of a block are numbered one after another, from any number on: Spark reads its blocks
        at the same time.
        """
        return self._spark.read.text(self._pattern(name)).selectExpr(
            "cast(value as binary) as line",
            "_metadata.file_block_start as block",
            "monotonically_increasing_id() as row",
        )

    def address_of(self, file: SourceFile) -> str:
        """Tell where a file lies."""
        return f"{self._address}/{file.path.name}"

    def fingerprint(self, file: SourceFile) -> tuple[int, str]:
        """Tell a file's size in bytes, and the SHA-256 digest of its bytes."""
        path = self._path(file)
        stream = self._files_of(path).open(path)
        try:
            digests = self._spark._jvm.org.apache.commons.codec.digest.DigestUtils
            return self._byte_count(file), str(digests.sha256Hex(stream))
        finally:
            stream.close()

    def _byte_count(self, file: SourceFile) -> int:
        path = self._path(file)
        return int(self._files_of(path).getFileStatus(path).getLen())

    def _path(self, file: SourceFile) -> Any:
        return self._hadoop.Path(self.address_of(file))

    def _files_of(self, path: Any) -> Any:
        return path.getFileSystem(self._spark._jsc.hadoopConfiguration())

    def _pattern(self, name: str) -> str:
        """Write a file's address for where Spark takes patterns: it matches itself alone."""
        return re.sub(r"[][*?{}\\]", r"\\\g<0>", f"{self._address}/{name}")


def judged(
    insert: "Callable[[duckdb.DuckDBPyConnection, SourceFile, pa.Table], None]",
    file: SourceFile,
    batches: "Iterator[pa.RecordBatch]",
) -> "Iterator[pa.RecordBatch]":
    """Tell what becomes of rows of a file of ratings, in a worker of Spark.

    Args:
        insert: Inserts rows into the raw tables.
        file: The file.
        batches: Its rows.

    Yields:
        Ratings, and with an error the rows that are none.
    """
    import pyarrow as pa

    with duckdb.connect(config={"threads": 1}) as connection:
        create_tables(connection, "raw")
        for batch in batches:
            insert(connection, file, pa.Table.from_batches([batch]))
            yield from connection.execute(JUDGED).to_arrow_table().to_batches()
            for table in ("ratings", "rejected_lines"):
                connection.execute(f"truncate raw.{table}")


def insert_lines(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, lines: "pa.Table"
) -> None:
    """Insert lines, the bytes and the number of each, into the raw tables."""
    texts = lines.set_column(0, "line", _texts(lines["line"], file))
    connection.register("lines_read", texts)
    insert_rating_lines(connection, file, "from lines_read", "line_number")


def insert_rows(connection: duckdb.DuckDBPyConnection, file: SourceFile, rows: "pa.Table") -> None:
    """Insert rows of a Parquet file, each with its number from 0, into the raw tables."""
    connection.register("rows_read", rows)
    insert_parquet_rows(connection, file, "from rows_read")


def _texts(lines: "pa.ChunkedArray", file: SourceFile) -> "pa.ChunkedArray":
    import pyarrow as pa
    from pyarrow.compute import any as any_of
    from pyarrow.compute import match_substring

    try:
        texts = lines.cast(pa.string())
    except pa.ArrowInvalid:
        is_plain = False
    else:
        is_plain = not any_of(match_substring(texts, FIELD_MARK)).as_py()
    if is_plain:
        return texts
    return pa.chunked_array([[printable(decoded(line, file)) for line in lines.to_pylist()]])
