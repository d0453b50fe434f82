"""Measures of an evaluation: each reads the catalog and returns a part of the document.

`measure_*` computes a part (see `cmean.evaluation.documents`); `build_*_tables` turns that part,
and nothing else, into tables to be shown, for the document may have been stored long before.
"""
