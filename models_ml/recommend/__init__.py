"""What to see next, and why: for a user of the warehouse, or for somebody new."""
