"""Statistics of captions, pairings and scores; arrays in, numbers out."""
