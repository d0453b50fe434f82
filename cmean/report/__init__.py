"""The HTML report: `gather` collects plain data (`model`), `page` renders one HTML file."""

from cmean.report.page import CARDS, render_report

__all__ = ["CARDS", "render_report"]
