"""Layouts of data sets, and the demo corpus."""
