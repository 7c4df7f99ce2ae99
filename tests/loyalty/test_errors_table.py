"""Every error case Sipay's pages show, and what a proxy may put in their place: parsed, and over a real socket."""

import json

import pytest
from aioresponses import aioresponses
from attrs import frozen

import loyalty_async.wire
from loyalty_async import (
    AuthenticationError,
    DecodeError,
    DuplicateError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    RefusedError,
    ResponseError,
    RetryPolicy,
    ServerError,
    WalletError,
)
from loyalty_async.errors import read_error
from tests.kit import LOYALTY, CommitServer, bodies, response
from tests.loyalty.common import OTHER, URL, WALLET, credit, session, stand_in
from wallet_async.engine.calls import Reply
from wallet_async.sandbox import Fault, Sandbox

INFO, INCREASE = f"{URL}/v1/Wallet/Info", f"{URL}/v1/Wallet/IncreaseLoyaltyBalance"
PROBLEM = json.dumps(
    {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no withdrawal", "instance": "/v1"}
).encode()


@frozen(kw_only=True)
class Case:
    """One answer, and what a read and a write of it have to raise."""

    status: int
    body: bytes
    read: type[WalletError]
    write: type[WalletError]
    code: str | None = None
    """What both keep as Sipay's code."""


def refused(code: str, kind: type[WalletError] = RefusedError, *, http: int = 400, status: int = 2) -> Case:
    """Make the case of an envelope that proves that nothing ran."""
    return Case(status=http, body=bodies.loyalty_error(code, status=status), read=kind, write=kind, code=code)


def open_(http: int, body: bytes, kind: type[WalletError], code: str | None = None) -> Case:
    """Make the case of an answer that leaves open whether a write ran."""
    return Case(status=http, body=body, read=kind, write=OutcomeUnknownError, code=code)


def _envelope(**fields: object) -> bytes:
    return json.dumps({"status": 0, "code": "100", "message": None, "payload": None} | fields).encode()


NO_REFERENCE = Case(status=400, body=bodies.LOYALTY_NO_REFERENCE, read=RefusedError, write=RefusedError, code="999")
CASES = {
    "missing reference (S3)": NO_REFERENCE,
    "missing reference under a 200": refused("999", http=200, status=1),
    "300: no such wallet": refused("300", NotFoundError),
    "300 under a 200": refused("300", NotFoundError, http=200),
    "300 under a 404": refused("300", NotFoundError, http=404),
    "300 under HTTP 300": refused("300", NotFoundError, http=300),
    "301: reference known": refused("301", DuplicateError),
    "301 under a 200": refused("301", DuplicateError, http=200),
    "301 under HTTP 301": refused("301", DuplicateError, http=301),
    "301 under a 409": refused("301", DuplicateError, http=409),
    "303 under HTTP 303": refused("303", http=303),
    "306: name and IBAN differ": refused("306"),
    "503 for the same, as a code": refused("503"),
    "310: limit": refused("310"),
    "311: balance": refused("311"),
    "311 under a 200": refused("311", http=200),
    "a code nobody has seen": refused("4711", status=7),
    "a code as a number": Case(
        status=400,
        body=b'{"status": 2, "code": 311, "message": "no"}',
        read=RefusedError,
        write=RefusedError,
        code="311",
    ),
    "401 of the provider": refused("401", AuthenticationError, http=401),
    "401, empty": Case(status=401, body=b"", read=AuthenticationError, write=AuthenticationError),
    "403 of the provider": refused("999", AuthenticationError, http=403),
    "403 of a firewall": open_(403, bodies.HTML, AuthenticationError),
    "404, unknown code": refused("998", http=404),
    "404, HTML": open_(404, bodies.HTML, NotFoundError),
    "404, text": open_(404, b"Not Found", NotFoundError),
    "404, problem": open_(404, PROBLEM, NotFoundError),
    "400, problem": open_(400, PROBLEM, RefusedError),
    "408 of the provider": open_(408, bodies.loyalty_error("999"), ResponseError, "999"),
    "409 of a lock in front": open_(409, b'{"error": "locked"}', RefusedError),
    "429 of the provider": refused("429", RateLimitError, http=429),
    "429 of a gateway": open_(429, bodies.HTML, RateLimitError),
    "500 of the provider": open_(500, bodies.loyalty_error("999"), ServerError, "999"),
    "500 with 311": open_(500, bodies.loyalty_error("311"), ServerError, "311"),
    "502, HTML": open_(502, bodies.HTML, ServerError),
    "503, empty": open_(503, b"", ServerError),
    "503, problem": open_(503, PROBLEM, ServerError),
    "a redirect": open_(307, b"", ResponseError),
    "200, HTML": open_(200, bodies.HTML, DecodeError),
    "200, empty": open_(200, b"", DecodeError),
    "204": open_(204, b"", DecodeError),
    "200, problem": open_(200, PROBLEM, DecodeError),
    "a success under a 400": open_(400, bodies.loyalty_success(), RefusedError),
    "a success under a 500": open_(500, bodies.loyalty_success(), ServerError),
    "status 0 and another code": open_(200, _envelope(code="101"), DecodeError),
    "status 0 and another code under a 400": open_(400, _envelope(code="311"), RefusedError),
    "status 1 and code 100": open_(200, _envelope(status=1), DecodeError),
    "status as text": open_(200, _envelope(status="0"), DecodeError),
    "status true": open_(200, _envelope(status=False), DecodeError),
    "no payload": open_(200, _envelope(), DecodeError),
    "payload: []": open_(200, _envelope(payload=[]), DecodeError),
    "payload: two": open_(200, _envelope(payload=[{"number": WALLET}] * 2), DecodeError),
    "payload: text": open_(200, _envelope(payload=WALLET), DecodeError),
    "payload: {}": open_(200, _envelope(payload={}), DecodeError),
    "another wallet": open_(200, bodies.loyalty_success(wallet_number=OTHER), DecodeError),
}


@pytest.mark.parametrize("name", CASES)
async def test_each_answer_has_one_error_parsed(name: str) -> None:
    """Envelope, problem object, text and HTML become the table's errors; codes are kept as text."""
    case = CASES[name]
    async with session() as loyalty:
        with aioresponses() as mocked:
            mocked.post(INFO, status=case.status, body=case.body)
            mocked.post(INCREASE, status=case.status, body=case.body)
            with pytest.raises(WalletError) as read:
                await loyalty.wallet(WALLET)
            with pytest.raises(WalletError) as write:
                await credit(loyalty)
    assert type(read.value) is case.read
    assert getattr(read.value, "code", None) == case.code
    check_write(write.value, case)


@pytest.mark.parametrize("name", CASES)
async def test_a_write_is_refused_or_unknown_as_the_table_says(name: str) -> None:
    """Over a real socket: one request, and a definite refusal or an open outcome."""
    check_write(await raised_by_write(CASES[name]), CASES[name])


def check_write(error: WalletError, case: Case) -> None:
    """Hold what a write raised against the table."""
    assert type(error) is case.write
    # A known reference proves nothing of what became of the request that brought it.
    assert error.not_applied is (case.write not in {OutcomeUnknownError, DuplicateError})
    assert error.reference == "order-1847"
    reason = error.reason if isinstance(error, OutcomeUnknownError) else error
    assert getattr(reason, "code", None) == case.code


async def raised_by_write(case: Case) -> WalletError:
    """Credit where the answer is *case*."""

    async def answer(exchange) -> None:
        await exchange.read()
        await exchange.send(response(case.status, case.body, {"Location": "/login"} if case.status == 307 else None))

    async with CommitServer(answer, flavour=LOYALTY) as server, session(server.url) as loyalty:
        with pytest.raises(WalletError) as caught:
            await credit(loyalty)
        assert len(server.seen) == 1
        return caught.value


async def test_what_sipay_says_is_kept() -> None:
    """Status, code, message and errors of the page's sample stand in the error, and in `add_program`'s too."""
    error = await raised_by_write(NO_REFERENCE)
    assert isinstance(error, RefusedError)
    assert (error.status, error.code) == (400, "999")
    assert error.details == ("'Ext Transaction Id' must not be empty.",)
    assert str(error) == "loyalty credit: 'Ext Transaction Id' must not be empty. (reference 'order-1847')"


@pytest.mark.parametrize("field", ["message", "massage"])
async def test_turkish_stays_turkish(field: str) -> None:
    """Dotless i, dotted capital I and the rest come through as they were sent, in either spelling of the field."""
    text = "İşlem başarısız: bakiye yetersiz (7234,00 TRY), ığüşöçÎ"
    body = json.dumps({"status": 2, "code": "311", field: text}, ensure_ascii=False).encode()
    error = await raised_by_write(Case(status=200, body=body, read=RefusedError, write=RefusedError))
    assert isinstance(error, RefusedError)
    assert error.message == text
    assert text in error.excerpt


async def test_a_message_is_one_printable_line() -> None:
    """A line break, a terminal's escape or half a surrogate pair in a message does not get into a log or a terminal."""
    body = rb'{"status": 2, "code": "311", "message": "no\n\u001b[31mFAKE \ud800\u202e line"}'
    error = await raised_by_write(Case(status=400, body=body, read=RefusedError, write=RefusedError))
    assert isinstance(error, RefusedError)
    assert error.message == "no  [31mFAKE    line"
    assert str(error).isprintable()


async def test_a_refusal_without_a_message_still_says_something() -> None:
    """`message` may be null; the errors, or the code, are told then."""
    for errors, told in ((["a", "b"], "a; b"), ([], "refused without a message"), (None, "refused without a message")):
        body = json.dumps({"status": 1, "code": "999", "message": None, "errors": errors}).encode()
        assert read_error(Reply(400, {}, body)).message == told


@pytest.mark.parametrize("http", [200, 400, 404, 422])
async def test_the_documented_refusals_of_the_sandbox(http: int) -> None:
    """300, 301, 311 and 999 from the stand-in, under whatever HTTP status: definite, and nothing is booked."""
    async with Sandbox(stand_in(failure_status=http, deduplicate=True)) as sandbox, session(sandbox.url) as loyalty:
        await credit(loyalty, reference="taken")
        refusals = {
            "300": (NotFoundError, credit(loyalty, wallet_number="LYT_9")),
            "301": (DuplicateError, credit(loyalty, reference="taken")),
            "311": (RefusedError, loyalty.debit(WALLET, 5000, currency_code="TRY", reference="big")),
            "999": (RefusedError, credit(loyalty, currency_code="EUR")),
        }
        for code, (kind, call) in refusals.items():
            with pytest.raises(kind) as caught:
                await call
            assert (caught.value.code, caught.value.not_applied) == (code, kind is not DuplicateError)
        with pytest.raises(NotFoundError):
            await loyalty.wallet("LYT_9")
        with pytest.raises(NotFoundError):
            await loyalty.transactions("LYT_9").collect()
        assert sandbox.observed.commits == 1


async def test_a_write_that_was_refused_for_its_pace_is_sent_again() -> None:
    """429 in Sipay's own envelope proves that nothing ran: the credit is repeated, and booked once."""
    async with Sandbox(stand_in()) as sandbox:
        sandbox.faults.add(Fault("status", operation="credit", status=429, retry_after=0, times=1))
        async with session(sandbox.url, retry=RetryPolicy()) as loyalty:
            assert (await credit(loyalty)).wallet.total_balance == 1025
        assert (sandbox.observed.requests["credit"], sandbox.observed.commits) == (2, 1)


async def test_add_program_is_sent_once_and_says_when_it_does_not_know() -> None:
    """A lost answer leaves open whether the wallet was opened; there is no movement to settle."""
    async with Sandbox(stand_in()) as sandbox, session(sandbox.url, retry=RetryPolicy()) as loyalty:
        opened = await loyalty.add_program("KRC010203")
        assert (opened.account_number, opened.created_date_utc, opened.total_balance) == ("KRC010203", None, 0)
        sandbox.faults.add(Fault("close", operation="add_program"))
        with pytest.raises(OutcomeUnknownError) as caught:
            await loyalty.add_program("KRC010203")
        assert caught.value.movement is None
        assert sandbox.observed.requests["add_program"] == 2
        with pytest.raises(WalletError, match="a person has to look"):
            await loyalty.settle(caught.value)


async def test_sabotage_without_the_check_of_the_number_another_wallets_answer_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same case is a receipt for a reader that does not compare `payload.number`."""
    monkeypatch.setattr(loyalty_async.wire, "check_number", lambda *_: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await raised_by_write(CASES["another wallet"])


def test_sabotage_by_http_status_alone_a_refusal_under_a_200_is_none() -> None:
    """Whoever looks at the HTTP status only takes a refusal for a success, and one under a 300 for a redirect."""
    assert 200 <= CASES["311 under a 200"].status < 300
    for name in ("311 under a 200", "300 under HTTP 300"):
        case = CASES[name]
        assert read_error(Reply(case.status, {}, case.body)).not_applied
        assert not read_error(Reply(case.status, {}, bodies.HTML)).not_applied
