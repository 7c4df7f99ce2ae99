"""What is refused before anything is read: options that exclude each other, and files that must not be written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from wallet_async.cli.reconcile.options import Asked, WorkOptions
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.report import check_suffix, check_target
from wallet_async.reconcile.runners import PACE


def check_work(work: WorkOptions) -> None:
    """Refuse options that exclude each other.

    Raises:
        InvalidInputError: Two ways to read are asked for, or a rate is shared that nobody has said.
    """
    if work.check and work.dry_run:
        raise InvalidInputError("--check and --dry-run exclude each other: --dry-run reads the whole ledger")
    if work.dask is not None and work.processes > 1:
        raise InvalidInputError("--dask and --processes exclude each other: the cluster has processes of its own")
    if work.dask is not None and work.pace is not None:
        raise InvalidInputError(f"with --dask each worker finds the store of a shared rate in its own {PACE}, not here")
    if work.pace is not None and work.rate is None:
        raise InvalidInputError("--pace shares a rate: say which with --rate")


def check_files(asked: Asked) -> None:
    """Refuse files that could not be written, or that would take the place of another one.

    Raises:
        InvalidInputError: A suffix is unknown, a folder is not there, or one file is named for two things.
    """
    results = asked.results
    for path in results.differences:
        check_suffix(path)
    written = [path for path in (*results.differences, results.report, results.fix) if path is not None]
    for path in written:
        check_target(path)
    if results.fix is not None and results.fix.suffix != ".csv":
        raise InvalidInputError(f"--fix {results.fix}: the plan is written as .csv")
    read = [Path(name) for name in (asked.ledger, asked.reading.wallets) if name is not None and "://" not in name]
    named = Counter(path.resolve() for path in (*written, *{*read, *asked.rules.applied}))
    for path, times in named.items():
        if times > 1:
            raise InvalidInputError(f"{path} is named for two things, and would be written over")
