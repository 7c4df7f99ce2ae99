"""How far several processes are together: what each reports, and which chunks have ended. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from attrs import frozen

from wallet_async.reconcile.chunks import Chunk
from wallet_async.reconcile.reader import Tally
from wallet_async.reconcile.standing import Standing

_FRESH = 3.0
"""Seconds after which a process that reports nothing more is taken to have ended; its requests stay counted."""


@frozen(kw_only=True)
class Report:
    """What one process says of itself."""

    under_way: Mapping[int, Tally]
    """What it has read of chunks that have not ended, by their numbers."""
    requests: int
    """Requests it has sent."""
    in_flight: int
    """Requests under way."""
    refused: int
    """Answers that asked for fewer requests."""


class Board:
    """Adds up what processes say; a chunk that is read anew counts once.

    Args:
        done: Wallets that were done before.
        total: Wallets in all.
        now: The time, in seconds of a monotonic clock, as elsewhere.
    """

    def __init__(self, *, done: int, total: int, now: float) -> None:
        self._total = total
        self._begun = now
        self._reports: dict[Hashable, tuple[float, Report]] = {}
        self._ended: set[int] = set()
        self._sum = Tally(wallets=done)

    def hear(self, process: Hashable, report: Report, now: float) -> None:
        """Take the newest report of a process."""
        self._reports[process] = now, report

    def end(self, chunk: Chunk, tally: Tally) -> None:
        """Take that a chunk has its shard."""
        self._ended.add(chunk.number)
        self._sum.wallets += len(chunk.wallets)
        self._sum.rows += tally.rows
        self._sum.failed += tally.failed

    def standing(self, now: float) -> Standing:
        """Give how far all are."""
        reports = [report for _, report in self._reports.values()]
        live = [
            report
            for heard, report in self._reports.values()
            if now - heard <= _FRESH and report.under_way.keys() - self._ended
        ]
        under_way = {
            number: tally for report in live for number, tally in report.under_way.items() if number not in self._ended
        }
        return Standing(
            wallets=self._sum.wallets + sum(tally.wallets for tally in under_way.values()),
            total=self._total,
            rows=self._sum.rows + sum(tally.rows for tally in under_way.values()),
            requests=sum(report.requests for report in reports),
            in_flight=sum(report.in_flight for report in live),
            refused=sum(report.refused for report in reports),
            failed=self._sum.failed + sum(tally.failed for tally in under_way.values()),
            elapsed=now - self._begun,
        )
