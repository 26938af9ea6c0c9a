"""Marts in, ``ml.*`` tables out: models are fitted here and judged in SQL."""
