"""The only code that opens the DuckDB file: connect, stage a candidate, publish it."""
