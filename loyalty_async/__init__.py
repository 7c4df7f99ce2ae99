"""Sipay loyalty wallets for asyncio: `LoyaltySession` with ``credit``, ``debit``, ``wallet`` and ``transactions``."""

from loyalty_async.models import Balance, LoyaltyReceipt, LoyaltyTransaction, LoyaltyWallet, Movement, TransactionLimits
from loyalty_async.session import LoyaltySession
from wallet_async.engine.auth import BearerToken, ClientCredentials
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
    "Balance",
    "BearerToken",
    "Checkpoint",
    "ClientCredentials",
    "ConnectError",
    "DecodeError",
    "DisconnectedError",
    "Done",
    "DuplicateError",
    "Failed",
    "InvalidInputError",
    "Limits",
    "LoyaltyReceipt",
    "LoyaltySession",
    "LoyaltyTransaction",
    "LoyaltyWallet",
    "Movement",
    "NotFoundError",
    "OutcomeUnknownError",
    "Page",
    "Pager",
    "Progress",
    "QueueFullError",
    "RateLimitError",
    "RefusedError",
    "RequestTimeoutError",
    "ResponseError",
    "RetryPolicy",
    "ServerError",
    "SessionClosedError",
    "Timeouts",
    "TransactionLimits",
    "TransportError",
    "WalletError",
]
