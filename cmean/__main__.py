"""`python -m cmean` is `cmean`."""

from cmean.cli import entry

if __name__ == "__main__":
    entry()
