"""Rehook wallets for asyncio: `RehookSession` with ``credit``, ``debit``, ``wallets`` and ``transactions``."""

from rehook_async.models import Movement, Receipt, Transaction, Wallet
from rehook_async.session import RehookSession
from wallet_async.engine.bulk import Done, Failed
from wallet_async.engine.errors import (
    AuthenticationError,
    ConnectError,
    DecodeError,
    DisconnectedError,
    DuplicateError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    QueueFullError,
    RateLimitError,
    RefusedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    SessionClosedError,
    TransportError,
    WalletError,
)
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.pager import Pager
from wallet_async.engine.progress import Progress
from wallet_async.engine.retry import RetryPolicy
from wallet_async.engine.walk import Checkpoint, Page

__all__ = [
    "AuthenticationError",
    "Checkpoint",
    "ConnectError",
    "DecodeError",
    "DisconnectedError",
    "Done",
    "DuplicateError",
    "Failed",
    "InvalidInputError",
    "Limits",
    "Movement",
    "NotFoundError",
    "OutcomeUnknownError",
    "Page",
    "Pager",
    "Progress",
    "QueueFullError",
    "RateLimitError",
    "Receipt",
    "RefusedError",
    "RehookSession",
    "RequestTimeoutError",
    "ResponseError",
    "RetryPolicy",
    "ServerError",
    "SessionClosedError",
    "Timeouts",
    "Transaction",
    "TransportError",
    "Wallet",
    "WalletError",
]
