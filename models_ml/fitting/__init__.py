"""What runs a fit: recipes, parameters, runs, and fitted models as files."""
