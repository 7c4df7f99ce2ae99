"""The report: one HTML file that needs neither network nor JavaScript."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen

from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.model import Rules, Summary
from wallet_async.reconcile.report.charts import over_time
from wallet_async.reconcile.report.export import check_target
from wallet_async.reconcile.report.figures import opened, overview
from wallet_async.reconcile.report.provider_side import provider_side
from wallet_async.reconcile.report.rendering import environment
from wallet_async.reconcile.report.spread import amounts, days, worst
from wallet_async.reconcile.report.words import places, verdict

SHOWN = 200
"""Differences of a class, notes of a class and unread wallets that the report lists."""


@frozen(kw_only=True)
class Timing:
    """What depends on time and chance, and on how often the run was interrupted."""

    started_at: datetime
    """When the first session began; aware."""
    seconds: float
    """Seconds that all sessions took together."""
    sessions: int
    """Sessions it took: 1 if it was never interrupted."""
    requests: int
    """Requests that were sent in all, repeated ones included."""


def write_report(
    path: Path,
    *,
    summary: Summary,
    rules: Rules,
    differences: Path,
    history: Path,
    timing: Timing | None,
    provider_fields: Sequence[str],
    journal: bool,
    spill: Path,
) -> None:
    """Write the report to *path*, whole or not at all.

    Its size is bounded, however many differences there are. Reports on the same inputs are equal byte for byte, but for
    the block that is marked ``data-times``.

    Args:
        path: Where to; a file that is there is replaced.
        summary: The reconciliation.
        rules: How the two sides were compared.
        differences: The Parquet file of the comparison.
        history: Folder of the shards of the provider's side.
        timing: What depends on time and chance; None leaves its block out.
        provider_fields: What the parts of a wallet are called.
        journal: Whether differences were looked up in a journal.
        spill: Folder for what does not fit into memory.

    Raises:
        InvalidInputError: Jinja is not installed, or *path* is a folder or in none.
        OSError: It could not be written.
    """
    check_target(path)
    with opened(differences, spill) as connection:
        seen = overview(connection, shown=SHOWN)
        spread = {"days": over_time(days(connection)), "amounts": amounts(connection), "worst": worst(connection)}
    templates = environment(places(summary, fractions=seen.fractions), summary.service)
    style = templates.get_template("report.css").render()
    page = templates.get_template("report.html").render(
        summary=summary,
        rules=rules,
        seen=seen,
        **spread,
        provider_side=provider_side(history, spill, shown=SHOWN),
        timing=timing,
        fields=provider_fields,
        journal=journal,
        whole=differences.name,
        verdict=verdict(summary, seen.wallets),
        style=style,
        policy=_policy(style),
    )
    with replacing(path) as made:
        made.write_text(page, encoding="utf-8", newline="\n")


def _policy(style: str) -> str:
    """Say what the page may load: this style and nothing else, whatever is smuggled into a name."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
