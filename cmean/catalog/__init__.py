"""The catalog: the database of everything, and the only package that imports SQLAlchemy."""
