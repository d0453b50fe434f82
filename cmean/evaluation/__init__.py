"""Evaluation of pairings: the tables of the study, validity, comparison and reliability."""
