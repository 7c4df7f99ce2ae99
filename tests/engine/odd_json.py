"""JSON texts of answers, most of them odd in a place or two: by hand, since `json.dumps` writes nothing odd."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

Fields = list[tuple[str, str]]
"""Names and values of one object, both as JSON texts; a name may stand there twice."""

NUMBERS = [
    *("0", "-0", "-0.0", "7", "1.50", "12345678901234567.89", "123456789012345678901234", "1e5", "1E+5", "2.5e-3"),
    *("0e500", "1e40", "1e41", "1E-41", "1e400", "1e-400", "1e99999999999999999999", "1" * 45 + ".5", "0." + "1" * 60),
    *("9" * 4300, "9" * 4301, "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x1", '"10"', '"1.5"', '"NaN"'),
]
TEXTS = [
    *('""', '"x"', '"İşlem ğ"', '"10"', '"2023-09-13T10:27:37Z"', r'"a\"b"', r'"\u0022"', r'"\u0022\u0022"', r'"\\"'),
    *(r'"\ud83d\ude00"', r'"\ud800"', r'"\udc00x"', r'"\/\b\f\n\r\t"', r'"\u0000"', '"\x7f"', '"a\nb"', r'"\x"', "'x'"),
    *('"\ufeff"', '"credit"', '"debit"', '"\\u00"', '"' + "x" * 5000 + '"', r'"a\":1,\"b"', '":"', '"{[,]}"'),
]
MOMENTS = [
    "2023-09-13T10:27:37Z",
    "2023-09-13T10:27:37.8Z",
    "2023-09-13T10:27:37.8393245Z",
    "2023-09-13T10:27:59.999999999Z",
    "9999-12-31T23:59:59.9999999Z",
    "2023-09-13T10:27:37.Z",
    "2023-09-13T10:27:37,5Z",
    "2023-09-13T10:27:37+00:00",
    "2023-09-13T10:27:37-00:00",
    "2023-09-13T10:27:37.839324+03:00",
    "2023-09-13T10:27:37-0330",
    "2023-09-13T10:27:37+03:00:30",
    "2023-09-13T10:27:37+24:00",
    "2023-09-13T10:27:37",
    "2023-09-13T10:27:37.839324",
    "2023-09-13t10:27:37Z",
    "2023-09-13 10:27:37Z",
    "2023-09-13Z10:27:37T",
    "2023-09-13Z10:27:37.000",
    "2023-09-13T10:27:37z",
    "2023-09-13T10:27Z",
    "2023-09-13T102737.000Z",
    "20230913T102737.0000Z",
    "2023-W37-3T10:27:37Z",
    "2023W373T10:27:37.000Z",
    "2023-256T10:27:37.000Z",
    "2023-02-29T00:00:00Z",
    "2023-09-13T24:00:00Z",
    "2023-09-13T10:27:60Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.0000000+00:00",
    "2023-09-13",
    "٢٠٢٣-09-13T10:27:37Z",
    "T" * 20,
]
WORDS = ["null", "true", "false", "[]", "{}", "[1]", '{"a": 1, "a": 2}', '{"description": ""}', "nul", ""]
DEEP = ["[" * 70 + "]" * 70, '{"a":' * 70 + "1" + "}" * 70, "[" * 3000, '[{"b": "\\ud800"}]', "[1e400]", '["\xff"]']
QUOTED_MOMENTS = [f'"{text}"' for text in MOMENTS]
VALUES = st.sampled_from([*NUMBERS, *TEXTS, *QUOTED_MOMENTS, *WORDS])
BLANKS = st.sampled_from(["", " ", "", "\n  ", "\t", "\r\n", "\x0b", "\ufeff"])


def instead_of(value: str) -> st.SearchStrategy[str]:
    """Give what might stand in the place of *value*, most often something of its kind."""
    alike = QUOTED_MOMENTS if value.startswith('"20') else TEXTS if value.startswith('"') else NUMBERS
    return st.sampled_from(alike) | st.sampled_from(alike) | VALUES


@st.composite
def changed(draw: st.DrawFn, usual: Mapping[str, str]) -> Fields:
    """Give the fields of an object, changed in up to two places."""
    fields = list(usual.items())
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        place = draw(st.integers(0, len(fields) - 1)) if fields else 0
        name, value = fields[place] if fields else ("a", "1")
        match draw(st.integers(0, 7)):
            case 0 | 1 | 2:
                fields[place : place + 1] = [(name, draw(instead_of(value)))]
            case 3:
                del fields[place : place + 1]
            case 4:
                fields.append((name, draw(st.just(value) | instead_of(value))))
            case 5:
                fields.insert(place, (draw(st.sampled_from(["new", "", r"a\":", r"\u0022", *usual])), draw(VALUES)))
            case 6:
                fields.insert(place, ("new", draw(st.sampled_from(DEEP))))
            case 7:
                fields[place : place + 1] = [(rf"\u{ord(name[0]):04x}{name[1:]}" if name else "", value)]
    return draw(st.permutations(fields)) if draw(st.integers(0, 5)) == 0 else fields


@st.composite
def written(draw: st.DrawFn, fields: Fields) -> str:
    """Write an object with blanks of one kind, and perhaps another before one colon."""
    blank, odd = draw(BLANKS), draw(st.integers(0, 40))
    return (
        "{"
        + ",".join(f'{blank}"{name}"{blank * (odd == at)}:{blank}{value}' for at, (name, value) in enumerate(fields))
        + "}"
    )


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """Encode *text*, in one case of ten cut, with a wrong byte, or with something around it."""
    body = text.encode()
    place = draw(st.integers(0, len(body)))
    match draw(st.integers(0, 29)):
        case 0:
            return body[:place]
        case 1:
            return (
                body[:place]
                + draw(st.sampled_from([b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\x00", b'"', b","]))
                + body[place:]
            )
        case 2:
            return draw(st.sampled_from([b"\xef\xbb\xbf", b" ", b"\x00", b"["])) + body
        case 3:
            return body + draw(st.sampled_from([b"\n", b"x", b"\x00", b"]", b" {}"]))
    return body
