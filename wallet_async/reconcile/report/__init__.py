"""What a person sees of a reconciliation: the report, its figures, and the differences as a file."""

from wallet_async.reconcile.report.export import check_suffix, check_target, write_differences
from wallet_async.reconcile.report.figures import Overview, read_overview
from wallet_async.reconcile.report.page import Timing, write_report

__all__ = [
    "Overview",
    "Timing",
    "check_suffix",
    "check_target",
    "read_overview",
    "write_differences",
    "write_report",
]
