"""From media to captions, emotions and embeddings: recipes, prompts and the steps of a job."""
