"""Validity measured with labels: channels, agreement across the pairs, retrieval of partners."""
