"""Emotion mappers, one file each."""
