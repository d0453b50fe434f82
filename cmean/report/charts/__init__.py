"""The charts of a report: plain data in (`data`), one SVG with its words out, no catalog."""

from cmean.report.charts.channels import channel_chart
from cmean.report.charts.closeness import closeness_chart
from cmean.report.charts.labels import label_charts
from cmean.report.charts.lengths import length_chart

__all__ = ["channel_chart", "closeness_chart", "label_charts", "length_chart"]
