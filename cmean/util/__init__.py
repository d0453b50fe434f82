"""Helpers without a subject of their own: tabular files and language."""
