"""The Celery app and its tasks. A message is only a hint to look: the catalog is the truth."""
