"""What a query that somebody typed may take."""

SECONDS = 10
"""How long it may run."""

ROWS = 10_000
"""How many rows of its result are taken."""

MEGABYTES = 50
"""How large these rows may be."""

MEMORY = "512MB"
"""What DuckDB may use for it; nothing is put on disk."""
