"""Ratings of pairs by people: questionnaire, forms and importer."""
