"""Twelve paintings: noise and masks to compose them, a brush to paint them, and the motifs."""
