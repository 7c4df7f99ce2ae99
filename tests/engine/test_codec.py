"""JSON in and out is exact, and nothing ambiguous gets through."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine import codec
from wallet_async.engine.errors import DecodeError

pytestmark = pytest.mark.usefixtures("either_decoder")

MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e30"), max_value=Decimal("1e30"))
SEED_CASES = [Decimal("12345678901234567.89"), Decimal("0.1") + Decimal("0.2"), Decimal("1E+3"), Decimal("0.00000001")]


def check_exact(amount: Decimal, dumps: Callable[[dict[str, Any]], bytes], loads: Callable[[bytes], Any]) -> None:
    """Assert that *amount* survives the way out and back to its last digit, written without an exponent."""
    text = dumps({"amount": amount})
    assert b"e" not in text[len('{"amount":') :].lower()
    back = loads(text)["amount"]
    assert type(back) in {int, Decimal}
    assert back == amount
    assert format(Decimal(back), "f") == format(amount, "f").replace("-0", "-0" if back else "0", 1)


@given(MONEY.filter(lambda amount: amount == 0 or abs(amount.adjusted()) <= 40))
def test_any_amount_survives_the_round_trip(amount: Decimal) -> None:
    """A finite Decimal comes back equal, with the same digits."""
    if amount.is_zero() and amount.is_signed():
        amount = -amount
    check_exact(amount, codec.dumps, codec.loads)


@pytest.mark.parametrize("amount", SEED_CASES, ids=str)
def test_floats_fail_the_round_trip(amount: Decimal) -> None:
    """Twin: the same check catches a codec that goes through float, or prints an exponent."""
    check_exact(amount, codec.dumps, codec.loads)

    def through_float(fields: dict[str, Any]) -> bytes:
        return json.dumps({name: float(value) for name, value in fields.items()}).encode()

    def with_exponent(fields: dict[str, Any]) -> bytes:
        return f'{{"amount":{fields["amount"].normalize():E}}}'.encode()

    with pytest.raises(AssertionError):
        check_exact(amount, with_exponent, codec.loads)
    if amount != Decimal("1E+3"):
        with pytest.raises(AssertionError):
            check_exact(amount, through_float, json.loads)


NOT_SOUND = {
    "duplicate key": (b'{"points": 1, "points": 2}', "'points' stands there twice"),
    "duplicate key deep down": (b'[{"a": {"b": 1, "b": 1}}]', "'b' stands there twice"),
    "duplicate by escape": (rb'{"a": 1, "\u0061": 2}', "twice"),
    "NaN": (b'{"points": NaN}', "NaN is not a number"),
    "Infinity": (b'{"points": Infinity}', "Infinity is not a number"),
    "-Infinity": (b"[-Infinity]", "-Infinity is not a number"),
    "1e400": (b'{"points": 1e400}', "more than 40 digits"),
    "1e-400": (b'{"points": 1e-400}', "more than 40 digits"),
    "exponent beyond Decimal": (b"[1e99999999999999999999]", "not sound"),
    "5,000 digits": (b"[" + b"9" * 5000 + b"]", "not sound"),
    "65 levels": (b"[" * 65 + b"]" * 65, "deeper than 64"),
    "65 levels of objects": (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
    "a depth bomb": (b"[" * 1_000_000, "deeper than 64"),
    "bad UTF-8": (b'{"a": "\xff"}', r"not UTF-8 \(byte 7\)"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
    "cut UTF-8": ('{"a": "ı"}'.encode()[:8], "not UTF-8"),
    "BOM": (b"\xef\xbb\xbf{}", "not JSON"),
    "empty": (b"", "not JSON"),
    "cut": (b'{"points": 12', "not JSON"),
    "two documents": (b"{} {}", "not JSON"),
    "HTML": (b"<html>502</html>", "not JSON"),
    "single quotes": (b"{'a': 1}", "not JSON"),
    "comma too many": (b"[1,]", "not JSON"),
    "raw newline in a string": (b'["a\nb"]', "not JSON"),
}


@pytest.mark.parametrize("name", NOT_SOUND)
def test_what_is_not_sound_is_refused(name: str) -> None:
    """Each fault gives a DecodeError that says what it is."""
    body, message = NOT_SOUND[name]
    with pytest.raises(DecodeError, match=message):
        codec.loads(body)


@pytest.mark.parametrize("name", ["duplicate key", "NaN", "1e400", "duplicate by escape"])
def test_the_standard_library_lets_them_through(name: str) -> None:
    """Twin: plain `json.loads` accepts these without a word, so the refusals above are ours."""
    json.loads(NOT_SOUND[name][0])


@given(
    st.binary(max_size=300)
    | st.text(alphabet='[]{}",:\\0123456789.eE+-NaInfty \ud800', max_size=60).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
)
def test_arbitrary_bytes_give_a_value_or_our_error(body: bytes) -> None:
    """Whatever bytes come, only DecodeError gets out."""
    try:
        codec.loads(body)
    except DecodeError:
        pass


def test_depth_counts_brackets_and_not_those_in_strings() -> None:
    """64 levels are read, and a thousand brackets in a description or side by side are no depth."""
    assert codec.loads(b"[" * 64 + b"]" * 64)
    assert codec.loads(json.dumps(["[" * 1000, '"{[' * 50, "\\" * 3]).encode()) == ["[" * 1000, '"{[' * 50, "\\" * 3]
    assert codec.loads(b"[" + b"[]," * 999 + b"[]]") == [[]] * 1000


def check_linear(depth: Callable[[bytes], int]) -> None:
    """Assert that measuring an unclosed string of escaped quotes takes about linear time."""

    def seconds(pairs: int) -> float:
        begun = time.thread_time()  # of this thread alone: on a loaded machine others take turns
        depth(b'"' + b'\\"' * pairs)
        return time.thread_time() - begun

    best = [min(seconds(pairs) for _ in range(3)) for pairs in (250, 4000)]
    assert best[1] < 60 * best[0] + 0.002  # linear is 16 times, quadratic 256


def test_a_hostile_body_cannot_hold_the_loop_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The depth of any body is measured in linear time; the pattern it had first was quadratic (twin)."""
    check_linear(codec._depth)
    monkeypatch.setattr(codec, "_TOKENS", codec.re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', codec.re.DOTALL))
    with pytest.raises(AssertionError):
        check_linear(codec._depth)


def test_text_stays_as_it_is() -> None:
    """Turkish text, controls and the largest documented id go out and come back unchanged."""
    fields = {
        "a": "İşlem başarılı ğüşiöç",
        "b": 'quote " \\ \n \x00',
        "c": 12345678901234567890123,
        "d": None,
        "e": True,
    }
    assert codec.loads(codec.dumps(fields)) == fields
    assert "İşlem" in codec.dumps(fields).decode()
    assert codec.loads(codec.dumps({"list": [{"x": Decimal("1.10")}]})) == {"list": [{"x": Decimal("1.10")}]}


def test_a_lone_surrogate_in_an_answer_does_not_lose_the_page() -> None:
    """Half a surrogate pair is read as it came: one odd description must not make a history unreadable."""
    assert codec.loads(rb'{"description": "\ud800"}') == {"description": "\ud800"}
