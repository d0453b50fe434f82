"""Helpers without a subject of their own: CSV files, digests, back-off, languages, windows."""
