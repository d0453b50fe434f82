"""What is in the catalog: ingest, metadata, labels and the names of items."""
