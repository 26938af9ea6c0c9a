"""Gates at the three borders: what goes in, what is built, what is predicted."""
