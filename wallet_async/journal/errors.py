"""What can go wrong with a journal; `ReferenceConflictError` and `JournalError` are `WalletError`s like all others."""

from __future__ import annotations

from wallet_async.engine.errors import InvalidInputError, WalletError


class JournalError(WalletError):
    """The journal cannot be read or written. If it was raised by a credit or debit, nothing was sent."""

    not_applied: bool = True


class JournalInUseError(JournalError):
    """Another process has the journal's file open; several processes share one in PostgreSQL."""


class PrunedError(WalletError):
    """It was booked, and neither the journal nor the provider's history has its receipt now.

    The journal was pruned of it, or it never came, and a person decided that it was booked; the message says which.
    Nothing was sent, and asking again sends nothing either.
    """


class ReferenceConflictError(InvalidInputError):
    """The reference was used before, for another movement; nothing was sent."""
