"""The warehouse, shown: what it holds and how well its models do."""
