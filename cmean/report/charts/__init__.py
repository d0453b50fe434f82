"""The charts of a report: each builds one SVG with its texts from plain data (`model`)."""

from cmean.report.charts.channel_chart import build_channel_chart
from cmean.report.charts.imagebind_chart import build_imagebind_chart
from cmean.report.charts.label_charts import build_label_charts
from cmean.report.charts.length_chart import build_length_chart

__all__ = [
    "build_channel_chart",
    "build_imagebind_chart",
    "build_label_charts",
    "build_length_chart",
]
