"""The generation loop of decoder-only models: rows that start and end independently."""
