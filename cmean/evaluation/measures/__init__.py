"""The sections of an evaluation: each measures one thing, and prints what it has measured.

`measure` reads the catalog and gives JSON values, which are stored; `tables` prints those alone.
"""
