"""Values of an answer are taken as they are or refused: nothing is converted on the way into a model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import attrs
import cattrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine import codec, structure
from wallet_async.engine.errors import DecodeError
from wallet_async.engine.structure import Decoder


@attrs.frozen(kw_only=True)
class Row:
    """A row with one field of each kind."""

    id: str
    kind: str = "credit"
    points: int | Decimal = 1
    balance: int | Decimal | None = None
    amount: Decimal = Decimal(0)
    count: int = 0
    flag: bool = False
    at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    opened: datetime | None = None
    text: str = attrs.field(default="", metadata={"take": codec.as_text_or_empty})


@attrs.frozen(kw_only=True)
class Plain:
    """The fields that cattrs has hooks of its own for."""

    id: str = ""
    count: int = 0
    flag: bool = False


rows: Decoder[list[Row]] = Decoder(list[Row])
one: Decoder[Row] = Decoder(Row)

REFUSED: list[tuple[str, object]] = [
    *(("points", value) for value in ("12", True, None, 1.5, [], {})),
    *(("balance", value) for value in ("12", False, 1.5)),
    *(("count", value) for value in ("12", Decimal("12.0"), 12.0, None, True)),
    *(("amount", value) for value in ("1,5", "1e5", "", "NaN", "٣", " 1", True, None, 1.5, "9" * 50)),
    *(("flag", value) for value in (1, 0, "true", None)),
    *(("id", value) for value in (5, None, True, [], Decimal(5))),
    *(("at", value) for value in (5, None, "", "2024-01-01", "yesterday")),
    ("text", 5),
]


def check_refused(decode: Any, name: str, value: object) -> None:
    """Assert that *value* is no value for field *name*, and that the error says where it stood."""
    with pytest.raises(DecodeError) as caught:
        decode([{"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d", name: value}])
    assert caught.value.path == f"$[3].{name}"
    assert f"at $[3].{name}" in str(caught.value)
    assert "expected" in str(caught.value) or "digits" in str(caught.value) or "isoformat" in str(caught.value)


@pytest.mark.parametrize(("name", "value"), REFUSED, ids=lambda value: repr(value)[:20])
def test_the_wrong_type_is_refused_and_its_place_named(name: str, value: object) -> None:
    """A number in quotes, 12.0 for 12, null or true for a number: refused, with a path."""
    check_refused(rows, name, value)


@pytest.mark.parametrize(("name", "value"), [("count", "12"), ("count", True), ("id", 5), ("flag", 1)])
def test_plain_cattrs_would_convert(name: str, value: object) -> None:
    """Twin: cattrs without the strict hooks takes these, so the check sees the difference."""
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check_refused(lambda found: cattrs.Converter().structure(found, list[Plain]), name, value)


@pytest.mark.parametrize("value", [{}, {"id": "a"}, "", "ab", None, 0, 5, True, [[]], [None], ["a"], [5]])
def test_another_shape_is_not_an_empty_list(value: object) -> None:
    """Only a list of objects is a list of rows; `{}` proves nothing, least of all "no transactions"."""
    with pytest.raises(DecodeError):
        rows(value)


def test_the_list_factory_alone_takes_an_object_for_a_list() -> None:
    """Twin: cattrs iterates over whatever it is given, an empty object too."""
    assert cattrs.Converter().structure({}, list[Plain]) == []


def test_right_values_are_taken_exactly() -> None:
    """Each field holds what the answer held, decimals with their zeros."""
    found = codec.loads(
        b'[{"id": "a", "kind": "gift", "points": 20, "balance": 1.50, "amount": "25.00", "count": 3, "flag": true,'
        b'"at": "2022-06-02T13:43:32.6738595+00:00", "opened": "0001-01-01T00:00:00+00:00", "text": null,'
        b'"tomorrow": {"field": [1]}}]'
    )
    (row,) = rows(found)
    assert (row.points, str(row.balance), str(row.amount), row.count, row.flag) == (20, "1.50", "25.00", 3, True)
    assert row.kind == "gift"
    assert row.at == datetime(2022, 6, 2, 13, 43, 32, 673860, tzinfo=UTC)
    assert row.opened is None
    assert row.text == ""
    assert not hasattr(row, "tomorrow")
    assert type(one({"id": "a", "points": Decimal("12.0")}).points) is Decimal


def test_a_missing_field_is_named() -> None:
    """A row without its id is refused by name, at its place."""
    with pytest.raises(DecodeError, match=r"field 'id' is missing at \$\[1\]"):
        rows([{"id": "a"}, {"points": 1}])
    with pytest.raises(DecodeError, match=r"field 'id' is missing"):
        one({})


def test_results_are_frozen_and_slotted() -> None:
    """A result cannot be changed, nor take a misspelled attribute."""
    row = one({"id": "a"})
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        row.points = 5  # type: ignore[misc]
    assert not hasattr(row, "__dict__")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*attrs.fields_dict(Row), "x"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_json_gives_rows_or_our_error(value: object) -> None:
    """Whatever an answer holds, it is a list of rows or a DecodeError."""
    try:
        found = rows(value)
    except DecodeError:
        return
    assert all(type(row) is Row for row in found)


def check_same(value: object) -> None:
    """Assert that the quick way to structure *value* and cattrs' own way, which explains, take the same."""
    found: list[Any] = []
    for detailed in (False, True):
        converter = structure._converter(detailed)
        try:
            found.append(converter.structure(value, list[Row]))
        except Exception:
            found.append(None)
    assert found[0] == found[1]
    assert repr(found[0]) == repr(found[1])


MOMENTS = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00", "0001-01-01T00:00:00Z"]
VALUES = st.sampled_from(
    [None, True, False, 0, 7, "", "a", "1.50", "1,5", Decimal("1.50"), Decimal(3), [], {}, "9" * 50, *MOMENTS]
)
CHANGES = st.dictionaries(st.sampled_from([*attrs.fields_dict(Row), "x"]), VALUES, max_size=3)


@given(VALUES | st.lists(VALUES | CHANGES | CHANGES.map({"id": "a"}.__or__), max_size=2))
def test_the_generated_function_takes_what_cattrs_takes(value: object) -> None:
    """What is generated for speed accepts no more and no less than cattrs with the same functions."""
    check_same(value)


def test_sabotage_a_function_that_takes_any_type_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: made with a function that takes anything for a text, it is told from cattrs."""
    explaining, careless = structure._converter(detailed=True), dict(structure.HOOKS)
    monkeypatch.setattr(structure, "HOOKS", careless | {str: lambda value: value})
    quick = structure._converter.__wrapped__(detailed=False)
    monkeypatch.setattr(structure, "_converter", lambda detailed: explaining if detailed else quick)
    check_same([{"id": "a"}])
    with pytest.raises(AssertionError):
        check_same([{"id": 7}])


@given(
    st.datetimes(datetime(2, 1, 2), datetime(9999, 12, 30)),
    st.integers(0, 9),
    st.sampled_from(["Z", "+00:00", "+03:00", "-11:30"]),
)
def test_timestamps_of_any_precision_are_rounded_to_microseconds(moment: datetime, digits: int, zone: str) -> None:
    """0 to 9 fractional digits, `Z` or an offset: read to the nearest microsecond."""
    nanoseconds = f"{moment.microsecond:06d}789"
    fraction = f".{nanoseconds[:digits]}" if digits else ""
    found = codec.as_timestamp(f"{moment:%H:%M:%S}".join((f"{moment.date().isoformat()}T", fraction + zone)))
    hours, minutes = (0, 0) if zone == "Z" else (int(zone[:3]), int(zone[0] + zone[4:]))
    rounded = timedelta(microseconds=int(Decimal(f"0{fraction}").scaleb(6).to_integral(ROUND_HALF_UP)))
    assert found == moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=hours, minutes=minutes))) + rounded
    assert codec.as_timestamp(codec.format_timestamp(found)) == found


NO_MOMENTS = {
    "naive": "2024-01-01T00:00:00.000000",
    "date alone": "2024-01-01",
    "week date": "2024-W01-1",
    "week date with a time": "2024-W01-1T00:00:00Z",
    "ordinal date": "2024-001T00:00:00.00Z",
    "basic form": "20240101T000000.0000Z",
    "month 13": "2024-13-01T00:00:00Z",
    "30 February": "2024-02-30T00:00:00Z",
    "hour 25": "2024-01-01T25:00:00Z",
    "words": "the first of January, at noon",
    "year of five digits": "12024-01-01T00:00:00Z",
    "trailing text": "2024-01-01T00:00:00Z!",
    "zone by name": "2024-01-01T00:00:00 CET",
}


@pytest.mark.parametrize("name", NO_MOMENTS)
def test_what_is_no_moment_is_refused(name: str) -> None:
    """A date alone, a week date or a time without zone names no moment."""
    with pytest.raises((TypeError, ValueError)):
        codec.as_timestamp(NO_MOMENTS[name])


def test_fromisoformat_alone_takes_some_of_them() -> None:
    """Twin: the standard parser takes naive, date-only and week dates."""
    for name in ("naive", "date alone", "week date", "week date with a time"):
        assert datetime.fromisoformat(NO_MOMENTS[name])


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z", None]
)
def test_the_year_one_means_not_set(value: str | None) -> None:
    """.NET's default date and null are "not set"; taken as a date, it could not be shown west of UTC."""
    assert codec.as_timestamp_or_unset(value) is None
    if value:
        with pytest.raises(OverflowError):
            codec.as_timestamp(value).astimezone(timezone(timedelta(hours=-3)))
