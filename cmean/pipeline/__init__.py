"""From the catalog through a stage with a back-end and back into the catalog."""
