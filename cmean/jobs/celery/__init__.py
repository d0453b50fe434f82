"""The Celery app and its tasks. A message is a hint to poll the catalog, which has the tasks."""
