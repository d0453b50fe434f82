"""The HTML report: plain data in (`model`), one self-contained page out (`render`)."""

from cmean.report.page import CARDS, render

__all__ = ["CARDS", "render"]
