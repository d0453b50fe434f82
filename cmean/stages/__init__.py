"""Pure functions between back-ends and rows: batching, isolating, validating."""
