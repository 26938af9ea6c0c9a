"""Show what the warehouse holds and how well its models do."""
