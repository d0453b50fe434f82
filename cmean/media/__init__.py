"""The only file input: probe, decode, fragment; every limit is here."""
