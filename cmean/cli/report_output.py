"""Evaluate a pairing and write its report, with a progress display."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cmean.cli.catalog_session import make_hint_sender
from cmean.cli.progress import show_progress
from cmean.evaluation import service as evaluation_service
from cmean.jobs import requests
from cmean.report.gather import gather_report
from cmean.report.page import render_report
from cmean.util.atomic_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cmean.config import Settings
    from cmean.library.catalog_access import Catalog


def write_report(
    catalog: Catalog,
    settings: Settings,
    pairing_id: int | None,
    output: Path,
    labels: Sequence[str] = (),
) -> int:
    """Evaluate a pairing and write its report. Returns the size of the file in bytes."""
    task = evaluation_service.request_evaluation(catalog, pairing_id, labels)
    # The file first: where it cannot be written, no minutes are spent on the evaluation.
    with replace_file(output) as path, show_progress("report", brief=True) as update:
        requests.complete_request(
            catalog, settings, task, make_hint_sender(settings), partial(update, "nulls")
        )
        document = evaluation_service.load_document(catalog, task)
        report = gather_report(catalog, document, on_progress=partial(update, "pairs"))
        return path.write_text(render_report(report), encoding="utf-8")
