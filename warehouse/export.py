"""The marts as files for other tools: ``python -m warehouse.export --format parquet --out x``.

Each relation becomes one file, and ``manifest.json`` says what each file and column is.
"""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from warehouse.connection import connect, quoted, user_errors
from warehouse.errors import UserError, tells_errors
from warehouse.published import read_published
from warehouse.settings import read_settings
from warehouse.tables import COMPUTED_WHEN_ASKED
from warehouse.untrained import NOTHING_TRAINED

SCHEMAS = ("core", "quality", "analytics", "features", "predictions")

FORMATS = {"parquet": "format parquet, compression zstd", "csv": "format csv, header"}

MANIFEST = "manifest.json"

RELATIONS = """
with relations as (
    select database_name, schema_name, table_name, comment from duckdb_tables()
    union all
    select database_name, schema_name, view_name, comment from duckdb_views()
)

select
    schema_name || '.' || table_name as relation,
    relations.comment,
    list(
        {name: columns.column_name, type: columns.data_type, description: columns.comment}
        order by columns.column_index
    )
from relations
inner join duckdb_columns() as columns using (database_name, schema_name, table_name)
where
    database_name = 'published'
    and list_contains($schemas, schema_name)
    and not list_contains($left_out, schema_name || '.' || table_name)
group by all
order by relation
"""


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """Export the published warehouse and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m warehouse.export", description="Write the marts as files."
    )
    parser.add_argument("--format", default="parquet", help="parquet or csv")
    parser.add_argument("--out", type=Path, default=Path("export"), help="the folder to write")
    options = parser.parse_args(arguments)
    if options.format not in FORMATS:
        raise UserError(f"FORMAT={options.format}: it must be parquet or csv.")
    manifest = export(read_settings().warehouse, options.format, options.out)
    files = manifest["files"]
    size = sum(file["bytes"] for file in files) / 1e6
    Console(highlight=False, soft_wrap=True).print(
        f"{len(files)} relations, {size:,.1f} MB, in {options.out};"
        f" {options.out / MANIFEST} says what each is."
    )
    if not any(file["relation"].startswith("predictions.") for file in files):
        print(NOTHING_TRAINED)
    return 0


def export(warehouse: Path, form: str, out: Path) -> dict[str, Any]:
    """Write each mart of a published file into a folder, whole or not at all.

    Views that are computed when asked for are left out.

    Args:
        warehouse: The published file.
        form: ``parquet`` or ``csv``. In CSV a list is written as text in square brackets.
        out: The folder. An earlier export in it is replaced.

    Returns:
        The manifest: the warehouse, the fingerprint of its data, and the files.

    Raises:
        UserError: The folder holds other files, or the warehouse cannot be read.
    """
    if others := _others(out):
        raise UserError(
            f"{out} holds other files, such as {others[0]}: name a new folder with OUT."
        )
    with read_published(warehouse):
        pass  # It is there, and of this release
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        # A reader of the file itself may write to no file
        with connect(Path(":memory:")) as connection, user_errors(warehouse):
            connection.execute(f"attach {quoted(warehouse)} as published (read_only)")
            manifest = _write(connection, form, part) | {"warehouse": warehouse.name}
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
        shutil.rmtree(out, ignore_errors=True)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _others(out: Path) -> list[str]:
    """Name what a folder holds beside an earlier export."""
    if not out.exists():
        return []
    if not out.is_dir():
        return [out.name]
    try:
        files = json.loads((out / MANIFEST).read_text("utf-8"))["files"]
        exported = {MANIFEST, *(file["file"] for file in files)}
    except (OSError, ValueError, KeyError, TypeError):
        exported = set()
    return sorted({path.name for path in out.iterdir()} - exported)


def _write(connection: duckdb.DuckDBPyConnection, form: str, folder: Path) -> dict[str, Any]:
    """Write a file for each mart, and describe them."""
    files = []
    relations = connection.execute(
        RELATIONS, {"schemas": list(SCHEMAS), "left_out": list(COMPUTED_WHEN_ASKED)}
    ).fetchall()
    for relation, description, columns in relations:
        path = folder / f"{relation}.{form}"
        ((count,),) = connection.execute(
            f"copy published.{relation} to {quoted(path)} ({FORMATS[form]})"
        ).fetchall()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files.append(
            {
                "file": path.name,
                "relation": relation,
                "description": (description or "").strip(),
                "rows": count,
                "bytes": path.stat().st_size,
                "sha256": digest,
                "columns": columns,
            }
        )
    ((fingerprint,),) = connection.execute(
        "select data_fingerprint from published.analytics.dataset_summary"
    ).fetchall()
    return {"data_fingerprint": fingerprint, "format": form, "files": files}


if __name__ == "__main__":
    sys.exit(main())
