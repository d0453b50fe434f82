"""Statistics of captions, pairings and scores."""
