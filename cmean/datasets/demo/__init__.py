"""A small corpus that code composes: music and pictures with intended emotions."""

from cmean.datasets.demo.corpus import ARTWORKS, TRACKS, DemoItem, Intended, compose_corpus

__all__ = ["NUMBER", "DemoItem", "Intended", "compose_corpus"]

NUMBER = len(TRACKS) + len(ARTWORKS)
"""How many works the corpus has."""
