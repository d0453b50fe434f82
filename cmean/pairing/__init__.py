"""Pairing tracks and artworks one to one: choices, vectors, versions and null models."""
