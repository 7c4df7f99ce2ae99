"""From a status and an envelope to an error: section D of the fault matrix, envelope or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import (
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    RefusedError,
    ResponseError,
    ServerError,
)
from wallet_async.engine.statuses import Said, response_error

SAID = Said(message="not enough points", code="311", key="points", details=("a", "b"), request_id="req-1")
HTML = b"<html><body>Bad gateway</body></html>"

# status: class, certain with the provider's envelope, certain without
TABLE: dict[int, tuple[type[ResponseError], bool, bool]] = {
    **dict.fromkeys((400, 402, 405, 406, 409, 410, 411, 413, 414, 415, 422, 451), (RefusedError, True, False)),
    401: (AuthenticationError, True, True),
    403: (AuthenticationError, True, False),
    404: (NotFoundError, True, False),
    429: (RateLimitError, True, False),
    **dict.fromkeys((408, 423, 425, 499), (ResponseError, False, False)),
    **dict.fromkeys((500, 501, 502, 503, 504, 507, 520, 521, 524, 599), (ServerError, False, False)),
    **dict.fromkeys((300, 301, 302, 303, 304, 307, 308), (ResponseError, False, False)),
    **dict.fromkeys((100, 102), (ResponseError, False, False)),
}


@pytest.mark.parametrize("status", TABLE)
def test_each_status_with_and_without_the_providers_words(status: int) -> None:
    """Only the provider's own words (or a 401) prove that a call did not run; a 5xx, redirect or lock never does."""
    kind, with_words, without = TABLE[status]
    for said, certain, body in ((SAID, with_words, b'{"message": "x"}'), (None, without, HTML), (None, without, b"")):
        error = response_error(Reply(status, {}, body), said)
        assert type(error) is kind
        assert error.not_applied is certain
        assert error.status == status
        assert error.retry_after is None


def test_the_words_are_kept() -> None:
    """Message, code, key, details and request id come from the envelope, an excerpt from the body."""
    error = response_error(Reply(422, {}, b'{"message": "no", "password": "hunter2secret"}'), SAID)
    assert (error.message, error.code, error.key, error.details, error.request_id) == (
        "not enough points",
        "311",
        "points",
        ("a", "b"),
        "req-1",
    )
    assert "hunter2secret" not in error.excerpt
    assert error.excerpt.startswith('{"message": "no"')


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(502, {}, b""), "answered 502 with an empty body"),
        (Reply(502, {}, HTML), "answered 502 with '<html><body>Bad gateway</body></html>'"),
        (Reply(302, {"Location": "https://evil"}, b""), "answered 302, a redirect, which is never followed"),
        (Reply(500, {}, b"a\x1b[31mb\r\nc"), "answered 500 with 'a [31mb  c'"),
    ],
)
def test_without_words_the_answer_is_described(reply: Reply, message: str) -> None:
    """The message says what came, in one printable line."""
    assert response_error(reply, None).message == message


def test_a_429_with_retry_after_did_not_run() -> None:
    """Whoever throttles and says until when did not pass the call on; a 429 with nothing may be anybody's."""
    with_wait = response_error(Reply(429, {"Retry-After": "7"}, b""), None)
    assert (with_wait.not_applied, with_wait.retry_after) == (True, 7.0)
    for nonsense in ("-1", "nan", "soon"):
        assert response_error(Reply(429, {"Retry-After": nonsense}, b""), None).not_applied is False
    assert response_error(Reply(503, {"Retry-After": "7"}, b""), None).not_applied is False


def test_a_date_counts_from_the_servers_clock() -> None:
    """A `Retry-After` date is measured from the answer's own `Date`, not from the clock here."""
    headers = {"Retry-After": "Sun, 01 Mar 2020 12:00:30 GMT", "Date": "Sun, 01 Mar 2020 12:00:00 GMT"}
    assert response_error(Reply(429, headers, b""), None).retry_after == 30.0


def check_no_false_certainty(certain: bool, status: int) -> None:
    """Assert that an answer that is not the provider's own proves nothing, but for a 401."""
    assert not certain or status == 401


@given(
    st.integers(100, 999).filter(lambda status: not 200 <= status < 300), st.binary(max_size=60), st.text(max_size=20)
)
def test_no_foreign_answer_proves_anything(status: int, body: bytes, date: str) -> None:
    """For any status, body and `Date`, an answer without envelope leaves a write in doubt."""
    error = response_error(Reply(status, {"Date": date}, body), None)
    check_no_false_certainty(error.not_applied, status)


def test_believing_every_4xx_would_fail() -> None:
    """Twin: the rule "4xx means refused" is certain about answers that a proxy gave."""
    with pytest.raises(AssertionError):
        for status in range(400, 500):
            check_no_false_certainty(True, status)


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 01 Mar 2020 12:00:00 +99999999999999999999"])
def test_a_broken_date_header_does_not_break_the_error(date: str) -> None:
    """The error is made whatever the server's clock says."""
    headers = {"Retry-After": "Sun, 01 Mar 2020 12:00:30 GMT", "Date": date}
    assert response_error(Reply(429, headers, b""), None).retry_after is None
