"""The only code that opens the DuckDB file: connections, candidates, publishing."""
