"""Loops that numpy cannot express, compiled by numba.

They are compiled on the first call and cached on disk. Importing this package costs half a second,
so that only matchings that are large enough do it. Functions that compiled code calls are in the
same file, since numba's cache is invalidated by changes of that file alone: that is why `auction`
and `nearest` are longer than other modules.
"""
