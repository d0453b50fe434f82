"""Builders of tiny random checkpoints, one module an architecture family."""
