"""cmean: join music and pictures by the emotions they evoke."""

__version__ = "0.1.0"
