"""Once per reference, whatever happens: the journal of credits and debits."""

from wallet_async.journal.errors import JournalError, JournalInUseError, PrunedError, ReferenceConflictError
from wallet_async.journal.opening import Journal
from wallet_async.journal.settling import Settling

__all__ = ["Journal", "JournalError", "JournalInUseError", "PrunedError", "ReferenceConflictError", "Settling"]
