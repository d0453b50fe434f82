"""Back-ends found by name: captioners, emotion mappers, embedders."""
