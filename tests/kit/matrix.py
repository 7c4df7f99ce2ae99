"""The fault matrix, rows 12 to 39, as data: `ROWS` names the faults and the claim each one allows.

@pytest.mark.parametrize("name", ROWS)
async def test_row(name): ...
"""

from __future__ import annotations

import gzip
from functools import partial

from . import answers, behaviours, heads, hostile, statuses
from .bodies import HTML
from .row import Row, both, done, rejected, unknown
from .server import Behaviour

REDIRECTS = {"same": "/elsewhere", "cross": "http://localhost:{port}/elsewhere"}
"""Where to, by kind; the server listens under both names, so a redirect that is followed shows in `seen`."""

RETRY_AFTER = {
    "absent": "",
    "seconds": "1",
    "zero": "0",
    "date-past": "Wed, 21 Oct 2015 07:28:00 GMT",
    "negative": "-1",
    "fraction": "0.5",
    "nan": "nan",
    "infinite": "inf",
    "text": "soon",
    "huge": "99999999999999999999",
    "date-wrong": "Wed, 99 Oct 2015 07:28:00 GMT",
}
"""Values of Retry-After, by kind; an empty one leaves the header out."""


def _html(code: int, commit: bool) -> Behaviour:
    return statuses.status(code, "html", commit=commit)


def _balance(value: str) -> Behaviour:
    return answers.body(lambda e: hostile.replaced(e.good(), e.server.flavour.balance_field, value.encode("ascii")))


ON_THE_WIRE: dict[str, Row] = {
    "12-fin": unknown(12, behaviours.close_on_accept("fin"), commits=0),
    "12-rst": unknown(12, behaviours.close_on_accept("rst"), commits=0),
    **both("13-stale-fin", 13, lambda commit: behaviours.stale(commit=commit, end="fin"), warm=True),
    **both("13-stale-rst", 13, lambda commit: behaviours.stale(commit=commit, end="rst"), warm=True),
    "14-head-rst": unknown(14, behaviours.cut_in_request(), commits=0),
    "14-part-rst": unknown(14, behaviours.cut_in_request(body_bytes=1), commits=0),
    **both("15-fin", 15, lambda commit: behaviours.cut_after_read(commit=commit, end="fin")),
    **both("15-rst", 15, lambda commit: behaviours.cut_after_read(commit=commit, end="rst")),
    **both("16-silence", 16, lambda commit: behaviours.silence(commit=commit), needs_deadline=True),
    "19-early-413-html": unknown(19, behaviours.early(413, envelope=False), commits=0),
    "19-early-413-envelope": rejected(19, behaviours.early(413, envelope=True)),
    "19-early-401-envelope": rejected(19, behaviours.early(401, envelope=True), may_resend=True),
}

CUT_ANSWERS: dict[str, Row] = {
    "20-half-status-fin": unknown(20, answers.half_status_line(commit=True, end="fin")),
    **both("20-half-status-rst", 20, lambda commit: answers.half_status_line(commit=commit, end="rst")),
    **both("21-headers-only", 21, lambda commit: answers.headers_only(commit=commit, end="fin")),
    "21-headers-only-rst": unknown(21, answers.headers_only(commit=True, end="rst")),
    **both("21-short-body", 21, lambda commit: answers.short_body(commit=commit, end="fin")),
    "21-short-body-rst": unknown(21, answers.short_body(commit=True, end="rst")),
    **both("21-cut-chunked", 21, lambda commit: answers.cut_chunked(commit=commit, end="fin")),
    "21-cut-chunked-rst": unknown(21, answers.cut_chunked(commit=True, end="rst")),
    **both("22-cut", 22, lambda commit: answers.close_delimited(lambda good: good[:-9], commit=commit)),
    "22-number-cut": unknown(22, answers.close_delimited(lambda _: b"12")),
    "22-nothing": unknown(22, answers.close_delimited(lambda _: b"")),
    "22-whole": done(22, answers.close_delimited(lambda good: good)),
}

WRONG_BODIES: dict[str, Row] = {
    "23-invalid-json": unknown(23, answers.body(lambda e: e.good()[:-1] + b"]")),
    "23-trailing-text": unknown(23, answers.body(lambda e: e.good() + b"}")),
    "23-html": unknown(23, answers.body(lambda _: HTML, content_type="text/html")),
    "23-empty-200": unknown(23, answers.body(lambda _: b"")),
    "23-204": unknown(23, answers.body(lambda _: b"", status=204)),
    "23-array": unknown(23, answers.body(lambda e: b"[[" + e.good() + b"]]")),
    "23-string": unknown(23, answers.body(lambda _: b'"ok"')),
    "23-null": unknown(23, answers.body(lambda _: b"null")),
    "23-empty-object": unknown(23, answers.body(lambda _: b"{}")),
    "24-gzip-corrupt": unknown(24, answers.body(lambda e: hostile.gzip_corrupt(e.good()), encoding="gzip")),
    "24-gzip-cut": unknown(24, answers.body(lambda e: hostile.gzip_cut(e.good()), encoding="gzip")),
    "24-gzip-bomb": unknown(24, answers.body(lambda e: hostile.gzip_bomb(e.good()), encoding="gzip")),
    "24-not-gzip": unknown(24, answers.body(lambda e: e.good(), encoding="gzip")),
    "24-hidden-gzip": unknown(24, answers.body(lambda e: gzip.compress(e.good()))),
    "25-over-cap": unknown(25, answers.over_cap()),
    "25-endless": unknown(25, answers.endless()),
    "26-deep": unknown(26, answers.body(lambda e: hostile.deep(e.good()))),
    "26-only-brackets": unknown(26, answers.body(lambda _: b"[" * 100_000)),
    "26-huge-int": unknown(26, answers.body(lambda e: hostile.with_member(e.good(), b"9" * 5000))),
    "26-bad-utf8": unknown(26, answers.body(lambda e: hostile.with_member(e.good(), b'"\xff\xfe"'))),
    "26-bom": unknown(26, answers.body(lambda e: b"\xef\xbb\xbf" + e.good())),
    "26-duplicate-member": unknown(
        26, answers.body(lambda e: hostile.twice(hostile.with_member(e.good(), b"1"), "unheard_of", b"2"))
    ),
    **{f"26-balance-{value}": unknown(26, _balance(value)) for value in ("NaN", "Infinity", "-Infinity", "1e400")},
}

TROUBLE: dict[str, Row] = {
    "27-drip-head": unknown(27, answers.drip_head(), needs_deadline=True),
    "27-drip-body": unknown(27, answers.drip_body(), needs_deadline=True),
    "27-flood-of-continue": unknown(27, answers.flood_of_continue(), needs_deadline=True),
    "27-drip-whole": done(27, answers.drip_whole()),
    **{f"28-{kind}": unknown(28, heads.malformed(kind)) for kind in heads.MALFORMED},
    "29-foreign-answer": unknown(29, answers.foreign_answer()),
    "29-unsolicited": unknown(29, answers.unsolicited_late(), warm=True),
    "30-200-envelope": rejected(30, statuses.status(200)),
    "30-200-other-json": unknown(30, statuses.status(200, "other-json", commit=True)),
}

REFUSALS: dict[str, Row] = {
    "31-400-envelope": rejected(31, statuses.status(400)),
    "31-422-envelope": rejected(31, statuses.status(422)),
    "31-400-html": unknown(31, statuses.status(400, "html"), commits=0),
    "31-400-empty": unknown(31, statuses.status(400, "empty"), commits=0),
    "32-401-envelope": rejected(32, statuses.status(401), may_resend=True),
    "33-403-envelope": rejected(33, statuses.status(403)),
    "33-403-html": unknown(33, statuses.status(403, "html"), commits=0),
    "34-404-envelope": rejected(34, statuses.status(404)),
    "34-404-html": unknown(34, statuses.status(404, "html"), commits=0),
    "34-404-empty": unknown(34, statuses.status(404, "empty"), commits=0),
    "35-402-envelope": rejected(35, statuses.status(402)),
    "35-409-envelope": rejected(35, statuses.status(409)),
    "35-409-lock-layer": unknown(35, statuses.status(409, "other-json", commit=True)),
}

LATER: dict[str, Row] = {
    **{
        f"37-429-{name}": rejected(37, statuses.status(429, headers={"Retry-After": value}), may_resend=True)
        for name, value in RETRY_AFTER.items()
    },
    "37-429-date-soon": rejected(37, statuses.retry_in(2.0), may_resend=True),
    "37-429-date-far": rejected(37, statuses.retry_in(86_400.0), may_resend=True),
    "37-429-html": unknown(37, statuses.status(429, "html"), commits=0),
}

IN_DOUBT: dict[str, Row] = {
    name: row
    for code in (408, 423, 425, 499)
    for name, row in {
        **both(f"36-{code}-html", 36, partial(_html, code)),
        f"36-{code}-envelope": unknown(36, statuses.status(code), commits=0),
    }.items()
} | {
    name: row
    for code in (500, 502, 503, 504, 520)
    for name, row in {
        **both(f"38-{code}-html", 38, partial(_html, code)),
        f"38-{code}-empty": unknown(38, statuses.status(code, "empty", commit=True)),
        f"38-{code}-envelope": unknown(38, statuses.status(code, commit=True)),
    }.items()
}

MOVED: dict[str, Row] = {
    f"39-{code}-{kind}": unknown(39, statuses.redirect(code, location), commits=0)
    for code in (301, 302, 303, 307, 308)
    for kind, location in REDIRECTS.items()
}

ROWS: dict[str, Row] = {
    "00-good": done(0, behaviours.good()),
    **ON_THE_WIRE,
    **CUT_ANSWERS,
    **WRONG_BODIES,
    **TROUBLE,
    **REFUSALS,
    **IN_DOUBT,
    **LATER,
    **MOVED,
}
"""Every row by name, `<number>-<what>`; the first one is the control in which nothing goes wrong."""
