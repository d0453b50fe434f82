"""The end of an engine."""


def cleanup_dist_env_and_memory(shutdown_ray=False):
    """Release what an engine held besides its weights: nothing here."""
