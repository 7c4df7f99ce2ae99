"""``wallet-async reconcile``: own ledger against the provider's history."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from wallet_async.cli.reconcile.options import (
    Asked,
    LedgerOptions,
    ResultOptions,
    RuleOptions,
    SettingOptions,
    WorkOptions,
)

_FLAT = Parameter(name="*")


_READING = LedgerOptions()
_RULES = RuleOptions()
_WORK = WorkOptions()
_RESULTS = ResultOptions()
_SETTINGS = SettingOptions()


def reconcile(  # noqa: D417 - options explain themselves in options.py
    provider: str,
    ledger: str,
    /,
    *,
    reading: Annotated[LedgerOptions, _FLAT] = _READING,
    rules: Annotated[RuleOptions, _FLAT] = _RULES,
    work: Annotated[WorkOptions, _FLAT] = _WORK,
    results: Annotated[ResultOptions, _FLAT] = _RESULTS,
    settings: Annotated[SettingOptions, _FLAT] = _SETTINGS,
) -> int:
    """Compare your own ledger with the provider's history of every wallet in it.

    Rows are paired by transaction id, else by reference, else by wallet, kind, amount and time; what is left is a
    difference of one class. Nothing is guessed: what could be paired in more than one way is said. It sends no credit
    or debit.

    Begin with --check, which shows what was understood of the ledger, and --dry-run, which tells what it will take.
    Ctrl-C, or whatever else ends it, loses nothing: the same command goes on. Exit code 0 if both sides agree, 1 if
    not, 4 if that is so but for wallets that could not be read.

    Args:
        provider: Whose wallets, such as rehook; its credentials come from the environment or from --env-file.
        ledger: .csv (also .csv.gz), .tsv, .parquet, .db or .sqlite file, or a postgresql:// URL with --query.
    """
    from wallet_async.cli.reconcile.perform import perform

    return perform(
        Asked(
            provider=provider,
            ledger=ledger,
            reading=reading,
            rules=rules,
            work=work,
            results=results,
            settings=settings,
        )
    )
