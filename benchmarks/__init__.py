"""Side-by-side measurements; their committed results stand beside the code."""
