"""A stand-in for Rehook, written from its pages ("Update Wallet", "Get customer wallet details").

What the pages leave open is marked *invention* where it is decided.
"""

import hmac
import random
import uuid
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Literal

from rehook_async.sandbox_openapi import document
from rehook_async.sandbox_rows import (
    INSUFFICIENT,
    NO_POINTS,
    NO_TYPE,
    NOT_FOUND,
    history_row,
    receipt,
    shaped_id,
    wallet_row,
)
from wallet_async.sandbox.api import Answer, Request, Route
from wallet_async.sandbox.jsontext import dumps, loads
from wallet_async.sandbox.ledger import Amount, Entry, Ledger, LedgerWallet, as_amount
from wallet_async.sandbox.texts import Keeps, kept

_KEYS = ("key", "secret")

Empty = Literal["nothing", "204", "[]", "{}", "null"]
"""Forms an "empty response" may take; the page does not say which."""


class RehookApi:
    """Rehook's wallet calls over a ledger of its own.

    Example:
        >>> api = RehookApi(api_key="key", secret_key="secret")
        >>> api.add_wallet("krishna123", "waty_A", balance=40).key
        ('krishna123', 'waty_A')
    """

    name = "rehook"
    operations: tuple[str, ...] = ("wallets", "transactions", "credit", "debit", "other")
    routes: tuple[Route, ...] = (
        Route("wallets", "GET", "/wallets/customer/{source_id}"),
        Route("transactions", "GET", "/wallets/customer/{source_id}/transactions/{wallet_id}"),
        Route("credit", "PUT", "/wallets/customer/{source_id}/transactions/{wallet_id}"),
        Route("debit", "PUT", "/wallets/customer/{source_id}/transactions/{wallet_id}"),
    )

    def __init__(
        self,
        api_key: str = _KEYS[0],
        secret_key: str = _KEYS[1],
        *,
        page_size: int = 20,
        empty: Empty = "nothing",
        html_errors: bool = False,
        descriptions: Keeps = "as sent",
        balances: bool = False,
        seed: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_request_id: Callable[[], str] | None = None,
        new_transaction_id: Callable[[int], str] | None = None,
    ) -> None:
        """Make a stand-in with an empty ledger.

        Args:
            api_key: User name of the Basic credentials.
            secret_key: Password of the Basic credentials.
            page_size: Rows a page; the page says 20 at most.
            empty: What the "empty response" for a wrong wallet is.
            html_errors: Whether `Cannot PUT ...` comes as Express's HTML page or, as shown, as plain text.
            descriptions: How a description is kept, and shown from then on; the page does not say.
            balances: Whether the list of a customer's wallets tells their balances; the page's known part has none.
            seed: Makes ids repeatable.
            clock: Gives the time of a movement, aware.
            new_request_id: Gives a request id; None: UUIDs from *seed*.
            new_transaction_id: Gives the nth movement's id; None: ids of the documented shape from *seed*.
        """
        self.api_key = api_key
        self.secret_key = secret_key
        self._basic = b64encode(f"{api_key}:{secret_key}".encode())
        self._page_size = page_size
        self._empty = empty
        self._html_errors = html_errors
        self._descriptions: Keeps = descriptions
        self._balances = balances
        self._seed = seed
        self._clock = clock
        self._random = random.Random(seed)
        self._new_request_id = new_request_id or self._next_uuid
        new_id = new_transaction_id or (lambda number: shaped_id("trhi", seed, str(number)))
        self.ledger: Ledger = Ledger(new_id=new_id, clock=clock)

    def add_wallet(
        self,
        source_id: str,
        wallet_id: str,
        balance: Amount = 0,
        *,
        customer_id: str | None = None,
        wallet_name: str = "Wallet",
        currency: str = "INR",
    ) -> LedgerWallet:
        """Open a wallet, and its customer with it.

        Raises:
            ValueError: the customer has this wallet already, or the balance is not allowed.
            TypeError: the balance is neither int nor Decimal.
        """
        customer = customer_id or shaped_id("cust", self._seed, source_id)
        extra = {"customer_id": customer, "wallet_name": wallet_name, "currency": currency}
        # "source_id: Rehook Id or source id of a customer": the customer goes by both.
        owners = (source_id, customer)
        return self.ledger.add_wallet((source_id, wallet_id), balance, owners=owners, extra=extra)

    def operation(self, request: Request) -> str:
        """Say which of `operations` *request* is."""
        match request.method, request.segments:
            case "GET", ("wallets", "customer", _):
                return "wallets"
            case "GET", ("wallets", "customer", _, "transactions", _):
                return "transactions"
            case "PUT", ("wallets", "customer", _, "transactions", _):
                kind = _body(request).get("type")
                return kind if kind in ("credit", "debit") else "other"
        return "other"

    def answer(self, request: Request) -> Answer:
        """Check, commit, answer."""
        match request.method, request.segments:
            case "PUT" | "GET", None:
                # Invention: Express answers 400 to a segment that is not UTF-8.
                return self._error({"code": 400, "key": "invalid_path", "message": "Failed to decode param"})
            case "GET", ("wallets", "customer", source) if source:
                return self._refuse_stranger(request) or self._wallets(source)
            case "GET", ("wallets", "customer", source, "transactions", wallet) if source and wallet:
                return self._refuse_stranger(request) or self._history(request, source, wallet)
            case "GET", ("wallets", "customer", *_):  # "When parameter is missing": JSON, for GET
                return self._refuse_stranger(request) or self._error(NOT_FOUND)
            case "PUT", ("wallets", "customer", source, "transactions", wallet) if source and wallet:
                return self._refuse_stranger(request) or self._move(request, source, wallet)
        return self._cannot(request)

    def failure(self, status: int) -> Answer:
        """Give the error envelope of the pages for *status*."""
        return self._error({"code": status, "message": "request failed", "details": f"status {status}"})

    def arrive(self, request: Request, rows: int) -> None:
        """Append *rows* credits, worded like a campaign's, to the wallet whose history *request* reads."""
        match request.segments:
            case ("wallets", "customer", source_id, "transactions", wallet_id):
                wallet = self._find(source_id, wallet_id)
                text = "Wallet updated for redemption of code: KBLGPN"
                for key in [wallet.key] * rows if wallet else []:
                    self.ledger.append(key, "credit", 10, description=text)

    def take_back(self, entry: Entry) -> None:
        """Reverse a movement. Invention: by a movement the other way, under the same description."""
        kind = "debit" if entry.kind == "credit" else "credit"
        self.ledger.append(entry.wallet, kind, entry.amount, description=entry.description)

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI 3 document."""
        return document(self._page_size)

    def _refuse_stranger(self, request: Request) -> Answer | None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), self._basic):
            return None
        # Invention: the pages show no answer to bad credentials.
        answer = self._error({"code": 401, "message": "Unauthorized", "details": "invalid API key or secret"})
        return Answer(401, answer.body, headers={"WWW-Authenticate": 'Basic realm="rehook"'})

    def _wallets(self, source_id: str) -> Answer:
        wallets = self.ledger.owned(source_id)
        if not wallets:
            return self._error(NOT_FOUND)
        rows = [wallet_row(one, self.ledger.balance(one.key) if self._balances else None) for one in wallets]
        return Answer(200, dumps(rows))

    def _history(self, request: Request, source_id: str, wallet_id: str) -> Answer:
        page = request.query.get("page", "1")
        if not (page.isascii() and page.isdigit() and int(page[:9]) > 0 and len(page) < 10):
            # Invention: the page says only "default value will be 1".
            return self._error({**NO_POINTS, "details": "page must be a positive integer"})
        if not self.ledger.owned(source_id):
            return self._error(NOT_FOUND)
        wallet = self._find(source_id, wallet_id)
        if wallet is None:
            return self._empty_answer()
        start = (int(page) - 1) * self._page_size
        if request.lag or self.ledger.hidden:
            rows = self._shown(wallet, request.lag)[::-1][start : start + self._page_size]
        else:
            rows = self.ledger.newest(wallet.key, start, self._page_size)
        return Answer(200, dumps([history_row(entry) for entry in rows]))

    def _shown(self, wallet: LedgerWallet, lag: float) -> list[Entry]:
        until, hidden = self._clock() - timedelta(seconds=lag), self.ledger.hidden
        rows = self.ledger.entries(wallet.key)
        return [entry for entry in rows if entry.created_at <= until and entry.transaction_id not in hidden]

    def _move(self, request: Request, source_id: str, wallet_id: str) -> Answer:
        body = _body(request)
        kind, points = body.get("type"), as_amount(body.get("points"))
        text = body.get("description", "")
        if kind is None or kind == "":
            return self._error(NO_TYPE)
        if body.get("points") is None:
            return self._error(NO_POINTS)
        if kind not in ("credit", "debit") or points is None or not isinstance(text, str):
            # Invention: the pages show only missing fields, not wrong ones.
            details = "type must be credit or debit, points a number above 0, description a string"
            return self._error({**NO_POINTS, "details": details})
        if not self.ledger.owned(source_id):
            return self._error(NOT_FOUND)
        wallet = self._find(source_id, wallet_id)
        if wallet is None:
            return self._empty_answer()
        before = self.ledger.balance(wallet.key)
        if kind == "debit" and points > before:
            return self._error(INSUFFICIENT)
        entry = self.ledger.append(wallet.key, kind, points, description=kept(text, self._descriptions))
        request_id = self._new_request_id()
        return Answer(200, dumps(receipt(wallet, before, entry, wallet_id=wallet_id, request_id=request_id)))

    def _find(self, source_id: str, wallet_id: str) -> LedgerWallet | None:
        wallet = self.ledger.wallet((source_id, wallet_id))
        if wallet is not None:
            return wallet
        return next((one for one in self.ledger.owned(source_id) if one.key[1] == wallet_id), None)

    def _error(self, fields: dict[str, Any]) -> Answer:
        # The HTTP status is the body's code, even 401 for a missing type: "standard HTTP response codes".
        return Answer(fields["code"], dumps({**fields, "request_id": self._new_request_id()}))

    def _empty_answer(self) -> Answer:
        if self._empty == "204":
            return Answer(204, b"", "text/plain")
        if self._empty == "nothing":
            return Answer(200, b"", "text/html; charset=utf-8")  # how Express sends an empty text
        return Answer(200, self._empty.encode())

    def _cannot(self, request: Request) -> Answer:
        text = f"Cannot {request.method} {request.path}"
        if self._html_errors:
            page = f'<!DOCTYPE html>\n<html lang="en">\n<body>\n<pre>{escape(text)}</pre>\n</body>\n</html>\n'
            return Answer(404, page.encode("utf-8", "surrogateescape"), "text/html; charset=utf-8")
        return Answer(404, text.encode("utf-8", "surrogateescape"), "text/plain; charset=utf-8")

    def _next_uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128)))


def _body(request: Request) -> dict[str, Any]:
    """Give the body's fields; none if it is no JSON object, as Express's body parser leaves it."""
    try:
        value = loads(request.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
