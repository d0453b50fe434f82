"""Embedders: one small file each."""
