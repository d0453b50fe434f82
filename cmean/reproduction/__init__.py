"""The study's published results: imported, and its tables recomputed cell by cell."""
