"""Models that list movies for users."""
