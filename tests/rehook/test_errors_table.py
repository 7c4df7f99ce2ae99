"""Every error case Rehook's pages show, and what a proxy may put in their place, over a real socket."""

import pytest
from attrs import frozen

import rehook_async.wire
from rehook_async import (
    AuthenticationError,
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    RefusedError,
    RehookSession,
    ResponseError,
    RetryPolicy,
    ServerError,
    WalletError,
)
from rehook_async.errors import read_error
from tests.kit import REHOOK, CommitServer, bodies, response
from wallet_async.engine.calls import Reply
from wallet_async.engine.statuses import response_error

NO_ROUTE_HTML = b"<!DOCTYPE html><pre>Cannot PUT /wallets/customer/krishna123/transactions</pre>"


@frozen(kw_only=True)
class Case:
    """One answer, and what a read and a write of it have to raise."""

    status: int
    body: bytes
    read: type[WalletError]
    write: type[WalletError]
    headers: dict[str, str] | None = None


CASES = {
    "wrong source_id (S1, S2)": Case(
        status=404, body=bodies.REHOOK_NO_CUSTOMER, read=NotFoundError, write=NotFoundError
    ),
    "wrong wallet_id, empty 404 (S1, S2)": Case(status=404, body=b"", read=NotFoundError, write=OutcomeUnknownError),
    "wrong wallet_id, empty 200 (S1, S2)": Case(status=200, body=b"", read=NotFoundError, write=OutcomeUnknownError),
    "wrong wallet_id, 204 (S1, S2)": Case(status=204, body=b"", read=NotFoundError, write=OutcomeUnknownError),
    "wrong wallet_id, {} (S1, S2)": Case(status=200, body=b"{}", read=NotFoundError, write=OutcomeUnknownError),
    "wrong wallet_id, null (S1, S2)": Case(status=200, body=b"null", read=NotFoundError, write=OutcomeUnknownError),
    "missing path parameter, text (S1)": Case(
        status=404, body=bodies.REHOOK_NO_ROUTE, read=NotFoundError, write=NotFoundError
    ),
    "missing path parameter, HTML (S1)": Case(status=404, body=NO_ROUTE_HTML, read=NotFoundError, write=NotFoundError),
    "missing type: code 401, no matter of who asks (S1)": Case(
        status=401, body=bodies.REHOOK_NO_TYPE, read=RefusedError, write=RefusedError
    ),
    "missing type with HTTP 400 (the table knows no other)": Case(
        status=400, body=bodies.REHOOK_NO_TYPE, read=RefusedError, write=RefusedError
    ),
    "missing points (S1)": Case(status=400, body=bodies.REHOOK_NO_POINTS, read=RefusedError, write=RefusedError),
    "error body under a 200": Case(status=200, body=bodies.REHOOK_NO_POINTS, read=RefusedError, write=RefusedError),
    "`Code` as the table spells it, as text": Case(
        status=400, body=b'{"Code": "NOT_FOUND_CODE", "message": "no"}', read=RefusedError, write=RefusedError
    ),
    "bad credentials": Case(
        status=401, body=bodies.rehook_error(401), read=AuthenticationError, write=AuthenticationError
    ),
    "bad credentials, no body": Case(status=401, body=b"", read=AuthenticationError, write=AuthenticationError),
    "403 of the provider": Case(
        status=403, body=bodies.rehook_error(403), read=AuthenticationError, write=AuthenticationError
    ),
    "403 of a firewall": Case(status=403, body=bodies.HTML, read=AuthenticationError, write=OutcomeUnknownError),
    "429 of the provider": Case(status=429, body=bodies.rehook_error(429), read=RateLimitError, write=RateLimitError),
    "429 of a gateway": Case(status=429, body=bodies.HTML, read=RateLimitError, write=OutcomeUnknownError),
    "409 of the provider": Case(status=409, body=bodies.rehook_error(409), read=RefusedError, write=RefusedError),
    "409 of a lock in front": Case(status=409, body=b"locked", read=RefusedError, write=OutcomeUnknownError),
    "500 of the provider": Case(status=500, body=bodies.rehook_error(500), read=ServerError, write=OutcomeUnknownError),
    "502 of a proxy, HTML": Case(status=502, body=bodies.HTML, read=ServerError, write=OutcomeUnknownError),
    "HTML under a 200": Case(status=200, body=bodies.HTML, read=DecodeError, write=OutcomeUnknownError),
    "404 HTML of a gateway": Case(status=404, body=bodies.HTML, read=NotFoundError, write=OutcomeUnknownError),
    "a redirect": Case(
        status=307, body=b"", headers={"Location": "/login"}, read=ResponseError, write=OutcomeUnknownError
    ),
}


def session(url: str) -> RehookSession:
    """Make a session that tries once."""
    return RehookSession("api-key", "secret-key", base_url=url, retry=RetryPolicy(attempts=1))


async def raised_by_read(case: Case) -> WalletError:
    """Read a history that answers with *case*."""
    async with CommitServer(_answer(case), flavour=REHOOK) as server, session(server.url) as rehook:
        with pytest.raises(WalletError) as caught:
            await rehook.transactions("krishna123", bodies.REHOOK_WALLET).collect()
        return caught.value


async def raised_by_write(case: Case) -> WalletError:
    """Credit where the answer is *case*."""
    async with CommitServer(_answer(case), flavour=REHOOK) as server, session(server.url) as rehook:
        with pytest.raises(WalletError) as caught:
            await rehook.credit("krishna123", bodies.REHOOK_WALLET, 20, reference="order-1")
        assert len(server.seen) == 1
        return caught.value


def _answer(case: Case):
    async def answer(exchange) -> None:
        await exchange.read()
        await exchange.send(response(case.status, case.body, case.headers))

    return answer


@pytest.mark.parametrize("name", CASES)
async def test_a_read_raises_what_the_table_says(name: str) -> None:
    """Each documented answer to a read has one class of error."""
    assert type(await raised_by_read(CASES[name])) is CASES[name].read


@pytest.mark.parametrize("name", CASES)
async def test_a_write_is_refused_or_unknown_as_the_table_says(name: str) -> None:
    """Each documented answer to a write is a definite refusal, or it leaves the outcome open and says so."""
    case = CASES[name]
    error = await raised_by_write(case)
    assert type(error) is case.write
    assert error.not_applied is (case.write is not OutcomeUnknownError)
    assert error.reference == "order-1"


async def test_what_rehook_says_is_kept() -> None:
    """Code, key, details and request id of the sample stand in the error."""
    error = await raised_by_write(CASES["missing points (S1)"])
    assert isinstance(error, RefusedError)
    assert (error.status, error.code, error.key) == (400, "400", "invalid_payload")
    assert error.details == ("The payload cannot be empty",)
    assert error.request_id == "6b26ebac-5c04-95e8-84cb-9b7df3024055"
    assert str(error) == (
        "rehook credit: Invalid payload: The payload cannot be empty "
        "(reference 'order-1', request id 6b26ebac-5c04-95e8-84cb-9b7df3024055)"
    )


def test_sabotage_401_by_status_alone_is_taken_for_bad_credentials() -> None:
    """Without the rule for `key`, the sample for a missing `type` would be an authentication failure."""
    reply = Reply(401, {}, bodies.REHOOK_NO_TYPE)
    assert isinstance(read_error(reply), RefusedError)
    assert isinstance(response_error(reply, None), AuthenticationError)


async def test_sabotage_an_empty_put_passes_where_the_echo_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reader that takes any 2xx, the empty answer to a wrong wallet would be a success."""
    monkeypatch.setattr(rehook_async.wire, "read_receipt", lambda *_: lambda reply: reply.status)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await raised_by_write(CASES["wrong wallet_id, empty 200 (S1, S2)"])
