"""Numbers in, pairs out."""
