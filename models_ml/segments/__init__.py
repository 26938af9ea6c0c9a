"""Models that group users and ratings."""
