"""The loops that numpy cannot say, compiled by numba.

Compiled on the first call and kept on disk; importing this package costs half a second, so that
only matchings that are large enough do. What is called inside compiled code lies in the same file:
numba keeps what it compiled until that file changes.
"""
