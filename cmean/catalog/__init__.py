"""The catalog: the only room that imports SQLAlchemy."""
