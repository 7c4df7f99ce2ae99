"""The quick way to read a page without msgspec gives what the long way gives, or steps back; it never accepts more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehook_async.models import Transaction
from wallet_async.engine import codec, rows, structure
from wallet_async.engine.errors import DecodeError
from wallet_async.engine.structure import Decoder

ROW = {
    "transaction_id": "trhi_7fgEcRUnVZmqF9BVadOFh",
    "type": "credit",
    "points": 10,
    "description": "Order 1847",
    "created_at": "2023-09-13T10:27:37.839324Z",
    "updated_at": "2023-09-13T10:27:37.839324Z",
}
PAIRS = rows._pairs_reader(Transaction)
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.just("2024-02-29T00:00:00+03:00"),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from([*ROW, "new"]), st.integers(), max_size=2),
)


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """Make a page: usual rows, and rows with fields changed, missing, new, in another order or twice."""
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        pairs = list((ROW | draw(st.dictionaries(st.sampled_from([*ROW, "new"]), ODD, max_size=2))).items())
        match draw(st.integers(0, 5)):
            case 0:
                pairs = draw(st.permutations(pairs))
            case 1:
                pairs.pop(draw(st.integers(0, len(pairs) - 1)))
            case 2:
                pairs.append(draw(st.sampled_from(pairs)))
        rows.append("{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs) + "}")
    return ("[" + ",".join(rows) + "]").encode()


def agree(reader: rows.Read, body: bytes) -> bool:
    """Hold the quick way against the long one; give whether the quick way took the page.

    Raises:
        AssertionError: It took what the long way refuses, or made something else of it.
    """
    quick = reader(body)
    if quick is None:
        return False
    try:
        slow = Decoder[list[Transaction]](list[Transaction])(codec.loads(body))
    except DecodeError as error:
        raise AssertionError(f"accepted what the long way refuses: {error}") from None
    assert quick == slow
    assert [type(row.points) for row in quick] == [type(row.points) for row in slow]
    return True


@settings(max_examples=400, deadline=None)
@given(pages())
def test_the_quick_way_gives_what_the_long_way_gives(body: bytes) -> None:
    """Whatever stands in a page, the quick way makes the same rows of it or leaves it to the long way."""
    agree(PAIRS, body)


def test_the_usual_page_goes_the_quick_way() -> None:
    """The rows of the provider's own sample are taken, decimals and debits too."""
    debit = json.dumps(ROW | {"type": "debit"}).replace("10,", "0.10,", 1)
    assert agree(PAIRS, f"[{json.dumps(ROW)}, {debit}]".encode())


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[1]", b"[{}]", b"[[]]", b"\xff", b"[" * 5000, b"[" + b"1" * 5000]
)
def test_what_is_no_page_is_left_to_the_long_way(body: bytes) -> None:
    """Nothing is raised and nothing accepted; the long way says what is wrong."""
    assert PAIRS(body) is None


def test_sabotage_without_the_test_of_types_it_takes_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader whose fields take any value accepts a number for an id, and the same check fails."""
    structure._converter(detailed=True)
    assert agree(PAIRS, json.dumps([ROW]).encode())  # the long way keeps the functions it was made with
    monkeypatch.setitem(structure.HOOKS, str, lambda value: value)
    careless = rows._pairs_reader(Transaction)
    body = json.dumps([ROW | {"transaction_id": 7}]).encode()
    with pytest.raises(AssertionError, match="accepted what the long way refuses"):
        agree(careless, body)
