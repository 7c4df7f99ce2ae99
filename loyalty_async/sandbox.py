"""A stand-in for Sipay's loyalty wallet calls, written from their pages.

What the pages leave open is marked *invention* where it is decided.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal

from loyalty_async.sandbox_history import read_filter, select
from loyalty_async.sandbox_openapi import document
from loyalty_async.sandbox_pages import (
    REFUNDED,
    UNSET,
    accepted,
    history_row,
    invalid,
    missing,
    moment,
    refused,
    title,
    wallet_info,
    wallet_page,
)
from loyalty_async.sandbox_token import TokenDesk
from wallet_async.sandbox.api import Answer, Request, Route
from wallet_async.sandbox.jsontext import dumps, loads
from wallet_async.sandbox.ledger import Amount, Entry, Ledger, LedgerWallet, as_amount
from wallet_async.sandbox.texts import Keeps, kept

_OPERATIONS = {
    "/v1/wallet/increaseloyaltybalance": "credit",
    "/v1/wallet/decreaseloyaltybalance": "debit",
    "/v1/wallet/addloyaltyprogram": "add_program",
    "/v1/wallet/info": "wallet",
    "/v1/transactiondata/summaryrecordbyfilter": "transactions",
    "/connect/token": "token",
}
_MANDATORY = ("wallet_number", "amount", "currency_code", "ext_transaction_id")
_TEXTS = ("wallet_number", "currency_code", "ext_transaction_id", "hash_key", "account_number")


class LoyaltyApi:
    """Sipay's loyalty calls over a ledger of its own.

    Example:
        >>> api = LoyaltyApi()
        >>> api.add_wallet("LYT_1", balance=Decimal("1000.00")).key
        'LYT_1'
    """

    name = "loyalty"
    operations: tuple[str, ...] = (*_OPERATIONS.values(), "other")
    routes: tuple[Route, ...] = (
        Route("credit", "POST", "/v1/Wallet/IncreaseLoyaltyBalance"),
        Route("debit", "POST", "/v1/Wallet/DecreaseLoyaltyBalance"),
        Route("add_program", "POST", "/v1/Wallet/AddLoyaltyProgram"),
        Route("wallet", "POST", "/v1/Wallet/Info"),
        Route("transactions", "POST", "/v1/TransactionData/SummaryRecordByFilter"),
        Route("token", "POST", "/connect/token"),
    )

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        bearer: str | None = None,
        scope: str | None = None,
        expires_in: int = 3600,
        deduplicate: bool | Literal["answered"] = False,
        failure_status: int = 400,
        first_page_index: int = 0,
        references: Keeps = "as sent",
        seed: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make a stand-in with an empty ledger.

        Args:
            client_id: Client that gets a token at /connect/token; with it, calls need one.
            client_secret: Its secret.
            bearer: A fixed token that calls may carry instead.
            scope: The scope a token request has to name; None: any, or none.
            expires_in: Seconds for which a token holds.
            deduplicate: Whether a known ext_transaction_id is refused with 301, or "answered" like the first request;
                either way nothing is booked. The loyalty pages do not say.
            failure_status: HTTP status of failures; the pages do not say.
            first_page_index: Index of the first page of a history; the pages do not say.
            references: How an ext_transaction_id is kept, and searched for; the pages do not say.
            seed: Makes ids and tokens repeatable.
            clock: Gives the time of a movement, aware; tokens expire by it.

        Raises:
            ValueError: only one of *client_id* and *client_secret* is given, or a number is out of bounds.
        """
        if not 200 <= failure_status <= 599 or first_page_index not in (0, 1):
            raise ValueError("failure_status must be from 200 to 599, first_page_index 0 or 1")
        self._desk = TokenDesk(
            client_id=client_id,
            client_secret=client_secret,
            bearer=bearer,
            scope=scope,
            expires_in=expires_in,
            seed=seed,
            clock=clock,
        )
        self._deduplicate = deduplicate
        self._failure_status = failure_status
        self._first_page_index = first_page_index
        self._references: Keeps = references
        self._refunded: set[str] = set()
        self._seed = seed
        self._clock = clock
        self.ledger: Ledger = Ledger(new_id=lambda number: self._digits(f"entry {number}"), clock=clock)

    def add_wallet(
        self,
        number: str,
        *,
        balance: Amount = Decimal("0.00"),
        currency_code: str = "TRY",
        account_number: str = "0202",
        wallet_id: str | None = None,
        name: str = "",
        created_date_utc: str | None = None,
    ) -> LedgerWallet:
        """Open a loyalty wallet.

        Raises:
            ValueError: there is one of this number, or the balance is not allowed.
            TypeError: the balance is neither int nor Decimal.
        """
        extra = {
            "id": wallet_id or self._digits(f"wallet {number}"),
            "name": name,
            "account_number": account_number,
            "currency_code": currency_code,
            "created_date_utc": created_date_utc or moment(self._clock(), 5),
        }
        # Histories are asked for by the wallet's id: to search a large ledger for it would take seconds a page.
        return self.ledger.add_wallet(number, balance, owners=(account_number, extra["id"]), extra=extra)

    def revoke_tokens(self) -> None:
        """Make every token given out so far invalid: the next call with one gets 401."""
        self._desk.revoke()

    def operation(self, request: Request) -> str:
        """Say which of `operations` *request* is."""
        # ASP.NET routes without regard to case, and public test files call wallet/info in lower case.
        return _OPERATIONS.get(request.path.lower(), "other") if request.method == "POST" else "other"

    def answer(self, request: Request) -> Answer:
        """Check, commit, answer."""
        operation = self.operation(request)
        if operation == "other":
            known = request.path.lower() in _OPERATIONS
            return Answer(405 if known else 404, b"", "text/plain", headers={"Allow": "POST"} if known else {})
        if operation == "token":
            return self._desk.grant(request)
        refusal = self._desk.refuse(request)
        if refusal is not None:
            return refusal
        try:
            body = loads(request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return invalid(self._failure_status, ["A non-empty request body is required."])
        match operation:
            case "credit" | "debit":
                return self._move(operation, body)
            case "add_program":
                return self._add_program(body)
            case "wallet":
                return self._info(body)
            case _:
                return self._history(body, request.lag)

    def failure(self, status: int) -> Answer:
        """Give the failure envelope of the pages under the HTTP status *status*."""
        # Invention: the code. The pages document 999 for validation, and nothing for the rest.
        message = f"request failed with status {status}"
        return Answer(status, dumps({"status": 1, "code": str(status), "message": message, "errors": [message]}))

    def arrive(self, request: Request, rows: int) -> None:
        """Append *rows* credits from elsewhere to the wallet whose history *request* reads."""
        try:
            body = loads(request.body)
        except ValueError:
            return
        if not isinstance(body, dict):
            return
        named = [body.get(name) for name in ("wallet_number", "to_wallet_number", "from_wallet_number")]
        numbers = [wallet.key for wallet in self.ledger.wallets() if wallet.extra["id"] == body.get("wallet_id")]
        numbers += [name for name in named if isinstance(name, str) and name in self.ledger]
        for number in numbers[:1] * rows:
            reference = f"elsewhere-{len(self.ledger) + 1}"
            self.ledger.append(number, "credit", Decimal("10.00"), reference=reference)

    def take_back(self, entry: Entry) -> None:
        """Reverse a movement. Invention: its row becomes "refunded", and one without a reference stands against it."""
        kind = "debit" if entry.kind == "credit" else "credit"
        self._refunded.add(entry.transaction_id)
        self.ledger.append(entry.wallet, kind, entry.amount)

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI 3 document."""
        return document(self._failure_status, first_page_index=self._first_page_index)

    def _move(self, kind: str, body: dict[str, Any]) -> Answer:
        problems = missing(body, _MANDATORY) or _wrong_types(body)
        if problems:
            return invalid(self._failure_status, problems)
        wallet = self.ledger.wallet(body["wallet_number"])
        if wallet is None:
            return refused(self._failure_status, "300", "Wallet not found")
        if body["currency_code"] != wallet.extra["currency_code"]:
            # Invention: no page says what a foreign currency gives.
            return invalid(self._failure_status, [f"{title('currency_code')} is not the wallet's."])
        reference, amount = body["ext_transaction_id"], body["amount"]
        if self._deduplicate and self.ledger.with_reference(reference):
            if self._deduplicate == "answered":
                return accepted(wallet_page(wallet, self.ledger.balance(wallet.key)))
            return refused(self._failure_status, "301", "Duplicate ext_transaction_id")
        if kind == "debit" and amount > self.ledger.balance(wallet.key):
            return refused(self._failure_status, "311", "Balance is not enough")
        extra = {"tx_group_correlation_id": body.get("tx_group_correlation_id")}
        reference = kept(reference, self._references)
        entry = self.ledger.append(wallet.key, kind, amount, reference=reference, extra=extra)
        return accepted(wallet_page(wallet, entry.balance))

    def _add_program(self, body: dict[str, Any]) -> Answer:
        account = body.get("account_number")
        problems = missing(body, ("account_number",)) or _wrong_types(body)
        if problems or not isinstance(account, str):
            return invalid(self._failure_status, problems)
        # Invention: a second call for an account opens a second wallet, so that a call sent twice shows.
        number = f"LYT_{self._digits(f'program {len(self.ledger.wallets())}')}"
        wallet = self.add_wallet(number, account_number=account)
        return accepted(wallet_page(wallet, 0, created=UNSET))

    def _info(self, body: dict[str, Any]) -> Answer:
        problems = missing(body, ("wallet_number",)) or _wrong_types(body)
        if problems:
            return invalid(self._failure_status, problems)
        wallet = self.ledger.wallet(body["wallet_number"])
        if wallet is None:
            return refused(self._failure_status, "300", "Wallet not found")
        return accepted(wallet_info(wallet, self.ledger.balance(wallet.key)))

    def _history(self, body: dict[str, Any], lag: float) -> Answer:
        now = self._clock()
        wanted = read_filter(body, now=now, first_page=self._first_page_index)
        if isinstance(wanted, list):
            return invalid(self._failure_status, wanted)
        seen_until = now - timedelta(seconds=lag) if lag else None
        rows, count = select(self.ledger, wanted, seen_until=seen_until)
        results = [
            history_row(row, wallet) | (REFUNDED if row.transaction_id in self._refunded else {})
            for row in rows
            if (wallet := self.ledger.wallet(row.wallet))
        ]
        index = wanted.page + self._first_page_index
        # The paging fields are ListByFilter's; those of this page were never seen.
        last = wanted.page * wanted.page_size + len(rows)
        pages = -(-count // wanted.page_size)
        return accepted({"results": results, "page_index": index, "last_row_index": last, "page_count": pages})

    def _digits(self, text: str) -> str:
        """Give 19 digits, as the pages' ids have, the same for the same text."""
        number = int.from_bytes(sha256(f"{self._seed}|{text}".encode("utf-8", "surrogatepass")).digest())
        return str(10**18 + number % (9 * 10**18))


def _wrong_types(body: dict[str, Any]) -> list[str]:
    """Invention: the pages show only missing fields; the wording follows the same validator's habit."""
    problems = [
        f"{title(name)} must be a string."
        for name in _TEXTS
        if body.get(name) is not None and not isinstance(body[name], str)
    ]
    if "amount" in body and as_amount(body["amount"]) is None:
        problems.append(f"{title('amount')} must be a number greater than '0'.")
    group = body.get("tx_group_correlation_id")
    if group is not None and (isinstance(group, bool) or not isinstance(group, int)):
        problems.append(f"{title('tx_group_correlation_id')} must be an integer.")
    return problems
