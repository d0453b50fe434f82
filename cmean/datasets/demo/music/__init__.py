"""Twelve short pieces: a small synthesiser, a score notation and the pieces themselves."""
