"""Arguments are refused before anything is sent, by name, with what they were and what is expected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine import checks
from wallet_async.engine.errors import InvalidInputError

NO_AMOUNTS = [
    *(0.1, 20.0, float("nan"), True, False, None, "20", b"20", [20], 1 + 0j),
    *(0, -1, Decimal(0), Decimal("-0.01"), Decimal("0E+5")),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")),
    *(Decimal("1E+31"), Decimal("1E-31"), Decimal("1E+999999"), Decimal("1." + "1" * 10_000)),
    *(10**31, -(10**5000), 10**5000),
]


def check_refusal(call: Callable[[Any], object], name: str, value: object) -> None:
    """Assert that *call* refuses *value*, naming the argument, the value's type and what is expected."""
    with pytest.raises(InvalidInputError) as caught:
        call(value)
    text = str(caught.value)
    assert text.startswith(f"{name} must be ")
    assert f"({'str' if 'very large' in text else type(value).__name__})" in text
    assert len(text) < 250
    assert caught.value.not_applied
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "value", NO_AMOUNTS, ids=lambda value: f"{type(value).__name__}-{value!s:.12}" if type(value) is not int else ""
)
def test_what_is_no_amount_is_refused(value: object) -> None:
    """No float, bool, text, zero, negative, endless or enormous number is money."""
    check_refusal(lambda given: checks.amount("points", given), "points", value)


def test_a_lenient_check_is_seen_through() -> None:
    """Twin: a check by `> 0` lets floats, bools and infinity through."""
    for value in (0.1, True, Decimal("Infinity")):
        with pytest.raises(pytest.fail.Exception):
            check_refusal(lambda given: given if given > 0 else checks.amount("points", given), "points", value)


@given(st.integers(1, 10**30) | st.decimals(Decimal("1E-30"), Decimal("1E+28"), allow_nan=False, places=2))
def test_an_exact_amount_is_taken_as_it_is(value: int | Decimal) -> None:
    """Any int or Decimal above zero comes back as the same object."""
    if value > 0:
        assert checks.amount("points", value) is value


REFUSED: dict[str, tuple[Callable[[Any], object], list[object]]] = {
    "text": (lambda value: checks.text("text", value), ["", None, 5, b"x", "\ud800", "x" * 10_001]),
    "plain": (lambda value: checks.plain("plain", value), ["", "a\nb", "\x7f", "a" * 513, 5, "\udfff"]),
    "count": (lambda value: checks.count("count", value), [0, -1, 1.0, True, "1", None, -(10**5000)]),
    "seconds": (
        lambda value: checks.seconds("seconds", value),
        [0, -1.0, float("nan"), float("inf"), True, "5", None, 10**400, Decimal(5)],
    ),
    "moment": (lambda value: checks.moment("moment", value), [datetime(2024, 1, 1), "2024-01-01", None, 5]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_arguments_are_refused_in_the_same_words(name: str) -> None:
    """Texts, counts, times and moments follow the same form of refusal."""
    call, values = REFUSED[name]
    for value in values:
        check_refusal(call, name, value)


def test_right_arguments_come_back_unchanged() -> None:
    """What is right is given back as it is."""
    now = datetime.now(UTC)
    assert checks.moment("since", now) is now
    assert checks.text("description", "", empty=True) == ""
    assert checks.plain("reference", "Order 1847 ğ") == "Order 1847 ğ"
    assert checks.count("limit", 0, least=0) == 0
    assert checks.seconds("timeout", 5) == 5


GOOD_URLS = {
    "https://api.rehook.ai": "https://api.rehook.ai",
    "https://api.rehook.ai/": "https://api.rehook.ai",
    "https://api.example.com:8443/v1//": "https://api.example.com:8443/v1",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://127.9.9.9": "http://127.9.9.9",
    "http://localhost:1": "http://localhost:1",
    "http://LOCALHOST": "http://LOCALHOST",
    "http://[::1]:8080": "http://[::1]:8080",
}
BAD_URLS = [
    *(
        "",
        "api.rehook.ai",
        "ftp://api.rehook.ai",
        "https://",
        "https:///path",
        "//api.rehook.ai",
        "javascript:alert(1)",
    ),
    *(
        "http://api.rehook.ai",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://10.0.0.1",
        "http://[::2]",
    ),
    *("https://api.rehook.ai?x=1", "https://api.rehook.ai?", "https://api.rehook.ai/#", "https://api.rehook.ai#top"),
    *("https://api.rehook.ai:port", "https://api.rehook.ai:99999", "https://[::1", "http://127.0.0.1\\.evil.com"),
    *(
        " https://api.rehook.ai",
        "https://api.rehook.ai/\r\nX: y",
        "https://api.re\thook.ai",
        "https://api.rehook.ai/\x00",
    ),
    *(None, 5, b"https://api.rehook.ai", ["https://api.rehook.ai"]),
]


@pytest.mark.parametrize(("given", "taken"), GOOD_URLS.items())
def test_a_sound_base_url_is_taken_without_its_last_slash(given: str, taken: str) -> None:
    """https anywhere, http on loopback."""
    assert checks.base_url("base_url", given) == taken


@pytest.mark.parametrize("value", BAD_URLS, ids=repr)
def test_an_unsound_base_url_is_refused(value: object) -> None:
    """No plain http off loopback, no query, fragment, blank or control character, nothing without a host."""
    check_refusal(lambda given: checks.base_url("base_url", given), "base_url", value)


PASSWORD = "hunter2secret"
WITH_PASSWORD = [
    f"https://user:{PASSWORD}@host",
    f"https://{PASSWORD}@host",
    f"https://user:{PASSWORD}@host:port",
    f"https://user:{PASSWORD}/@host",
    f"http://user:{PASSWORD}@127.0.0.1",
    f"user:{PASSWORD}@host",
    f"https://user:{PASSWORD}@[::1",
    f"ftp://user:{PASSWORD}@host?x#y",
]


def check_no_echo(base_url: Callable[[str, str], str], url: str) -> None:
    """Assert that a URL with a password is refused and that the password stands nowhere in the error."""
    with pytest.raises(InvalidInputError) as caught:
        base_url("base_url", url)
    assert PASSWORD not in str(caught.value) + repr(caught.value)
    assert "user or password" in str(caught.value)


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_a_password_in_a_base_url_is_refused_and_never_repeated(url: str) -> None:
    """However the URL is broken besides, its password is not shown; an error that repeats its input would (twin)."""
    check_no_echo(checks.base_url, url)

    def echoing(name: str, value: str) -> str:
        raise checks.reject(name, value, "a URL without user or password")

    with pytest.raises(AssertionError):
        check_no_echo(echoing, url)
