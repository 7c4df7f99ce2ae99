"""What is in doubt is settled by what the history showed and when: every case, and any sequence of looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.journal.conformance import sending
from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal import settling as rules
from wallet_async.journal.entry import Entry
from wallet_async.journal.settling import (
    Applied,
    Ask,
    Doubt,
    Look,
    NotApplied,
    Settling,
    Verdict,
    Wait,
    verdict,
)

SECOND = 1_000_000
SETTLING = Settling(commit_within=60, shown_within=20, every=5, retention=1000)
SENT, SEND_BY = 100 * SECOND, 110 * SECOND
PROVABLE = SEND_BY + 80 * SECOND
DOUBT = sending(state="in_doubt", sent_at=SENT, send_by=SEND_BY)
GONE = SENT + 1000 * SECOND
ODD = "a row carries its mark, with another kind or amount"
BEHIND = "the history does not show a later movement of its wallet that is booked"
AFTER = [PROVABLE + place for place in (1, 2, 3)]
LONG = PROVABLE + 80 * SECOND + 1


def looks(*begun: int) -> list[Look]:
    """Make looks that showed nothing."""
    return [Look(began=moment) for moment in begun]


def late_looks(number: int, **shown: bool) -> list[Look]:
    """Make looks that began when they could prove something."""
    return [Look(began=moment, **shown) for moment in AFTER[:number]]


TABLE: list[tuple[str, Sequence[Look], int, Verdict]] = [
    ("not looked yet", [], SENT, Wait(0)),
    ("nothing at once: soon again", looks(SENT), SENT, Wait(SENT + 5 * SECOND)),
    ("nothing for a while: later again", looks(SEND_BY + 30 * SECOND), SENT, Wait(SEND_BY + 60 * SECOND)),
    ("never past the moment of proof", looks(SEND_BY + 50 * SECOND), SENT, Wait(PROVABLE + 1)),
    ("a look at the very moment", looks(PROVABLE), PROVABLE, Wait(PROVABLE + 1)),
    ("one look behind it", looks(PROVABLE + 1), PROVABLE + 1, Wait(PROVABLE + 1 + 5 * SECOND)),
    ("many before and one behind", looks(SENT, PROVABLE, PROVABLE + 1), GONE - 1, Wait(PROVABLE + 1 + 5 * SECOND)),
    ("two behind it", looks(PROVABLE + 1, PROVABLE + 2), PROVABLE + 3, NotApplied()),
    ("found at once", [Look(began=SENT, found=True)], SENT, Applied()),
    ("found late", [*looks(PROVABLE + 1), Look(began=PROVABLE + 2, found=True)], GONE, Applied()),
    ("found, and then gone again", [Look(began=SENT, found=True), *looks(PROVABLE + 1, PROVABLE + 2)], GONE, Applied()),
    ("found beside something odd", [Look(began=SENT, found=True, odd=ODD)], SENT, Applied()),
    ("something odd", [Look(began=SENT, odd=ODD)], SENT, Ask(ODD, SENT + 5 * SECOND)),
    (
        "something odd, and then nothing",
        [Look(began=SENT, odd=ODD), *looks(PROVABLE + 1, PROVABLE + 2)],
        PROVABLE + 3,
        Ask(ODD, 2 * (PROVABLE + 2) - SEND_BY),
    ),
    ("two behind it, and behind what is booked", late_looks(2, behind=True), PROVABLE + 9, Wait(PROVABLE + 5_000_002)),
    ("three, the first of them behind", late_looks(1, behind=True) + looks(*AFTER[1:3]), PROVABLE + 9, NotApplied()),
    ("behind for long", [Look(began=LONG, behind=True)], LONG, Ask(BEHIND, LONG + 80 * SECOND)),
    (
        "behind for long, and then no more",
        [Look(began=LONG, behind=True), *looks(LONG + 1, LONG + 2)],
        GONE - 1,
        NotApplied(),
    ),
    ("one like it, and marks are kept", late_looks(2, alike=True), PROVABLE + 9, NotApplied()),
    ("too old before any look", [], GONE, Wait(0)),
    (
        "too old",
        looks(GONE),
        GONE,
        Ask("the history no longer goes back to when it was sent", 2 * GONE - SEND_BY),
    ),
    (
        "too old by the second look",
        looks(GONE - 2, GONE - 1),
        GONE,
        Ask("the history no longer goes back to when it was sent", 2 * (GONE - 1) - SEND_BY),
    ),
]


@pytest.mark.parametrize(("seen", "now", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_every_case(seen: Sequence[Look], now: int, expected: Verdict) -> None:
    """What was seen, and when, leaves one answer."""
    assert verdict(DOUBT, seen, now, SETTLING) == expected


@pytest.mark.parametrize("seen", [[], looks(PROVABLE + 1, PROVABLE + 2), [Look(began=SENT, found=True)]])
def test_what_is_being_sent_is_in_doubt_first(seen: list[Look]) -> None:
    """While its request may still leave nobody else touches it; afterwards it is in doubt, whatever was seen."""
    entry = sending(sent_at=SENT, send_by=SEND_BY)
    assert verdict(entry, seen, SEND_BY - 1, SETTLING) == Wait(SEND_BY)
    assert verdict(entry, seen, SEND_BY, SETTLING) == Doubt()


def test_a_person_is_asked_ever_more_rarely_but_always_again() -> None:
    """What waits for years is looked at once an hour."""
    entry = sending(state="in_doubt", sent_at=0, send_by=0)
    year = 365 * 86_400 * SECOND
    answer = verdict(entry, [Look(began=year, odd=ODD)], year, SETTLING)
    assert answer == Ask(ODD, year + 3600 * SECOND)


def test_where_marks_are_lost_nothing_is_absent() -> None:
    """A history that does not even show what is booked proves nothing but by a row."""
    reason = "the history does not show it, and not the mark of movements that are booked either"
    seen = looks(PROVABLE + 1, PROVABLE + 2)
    answer = verdict(DOUBT, seen, PROVABLE + 3, SETTLING, marks_lost=True)
    assert answer == Ask(reason, 2 * (PROVABLE + 2) - SEND_BY)
    assert verdict(DOUBT, [Look(began=SENT, found=True)], SENT, SETTLING, marks_lost=True) == Applied()
    assert verdict(DOUBT, [], SENT, SETTLING, marks_lost=True) == Wait(0)


def test_while_it_is_not_known_whether_marks_are_kept() -> None:
    """A row like it may be its own then; where there is none, its absence proves as much as ever."""
    reason = "a row like it carries no mark, and no movement that is booked has shown yet that marks are kept"
    seen = late_looks(2, alike=True)
    answer = verdict(DOUBT, seen, PROVABLE + 3, SETTLING, marks_lost=None)
    assert answer == Ask(reason, 2 * (PROVABLE + 2) - SEND_BY)
    assert verdict(DOUBT, late_looks(2), PROVABLE + 3, SETTLING, marks_lost=None) == NotApplied()


def test_a_clock_put_forward_proves_nothing() -> None:
    """The wait begins anew: in the hour that was left out the provider had no time to commit."""
    hour = 3600 * SECOND
    stepped = SENT + hour
    seen = looks(PROVABLE + hour - SECOND, PROVABLE + hour)
    unbounded = Settling(commit_within=60, shown_within=20, every=5)
    assert verdict(DOUBT, seen, seen[-1].began, unbounded) == NotApplied()
    assert isinstance(verdict(DOUBT, seen, seen[-1].began, unbounded, stepped=stepped), Wait)
    later = looks(PROVABLE + hour + 1, PROVABLE + hour + 2)
    assert verdict(DOUBT, later, later[-1].began, unbounded, stepped=stepped) == NotApplied()


@st.composite
def sequences(draw: st.DrawFn) -> tuple[Entry, list[Look], int, Settling, int]:
    """Give looks of any kind, around the moments that matter."""
    settling = Settling(
        commit_within=draw(st.integers(1, 100)),
        shown_within=draw(st.integers(1, 50)),
        every=draw(st.integers(1, 20)),
        retention=draw(st.none() | st.integers(200, 2000)),
    )
    sent = draw(st.integers(1, 1000)) * SECOND
    send_by = sent + draw(st.integers(0, 60)) * SECOND
    entry = sending(state="in_doubt", sent_at=sent, send_by=send_by)
    provable = send_by + int(settling.commit_within + settling.shown_within) * SECOND
    moments = st.integers(provable - 3, provable + 3) | st.integers(sent, provable + 3000 * SECOND)
    kinds = st.builds(
        lambda began, found, odd, behind: Look(began=began, found=found, odd=odd, behind=behind),
        moments,
        st.sampled_from([False] * 9 + [True]),
        st.sampled_from([None] * 9 + [ODD]),
        st.sampled_from([False] * 3 + [True]),
    )
    seen = sorted(draw(st.lists(kinds, max_size=8)), key=lambda look: look.began)
    now = max([sent, *(look.began for look in seen)]) + draw(st.integers(0, 3))
    return entry, seen, now, settling, provable


def check(case: tuple[Entry, list[Look], int, Settling, int], judge: Any = verdict) -> None:
    """Hold the answer against what the looks can prove.

    Raises:
        AssertionError: It says more, or nothing that leads on.
    """
    entry, seen, now, settling, provable = case
    answer = judge(entry, seen, now, settling)
    found, odd = any(look.found for look in seen), any(look.odd for look in seen)
    clear = [look for look in seen if look.began > provable and not look.behind]
    if answer == NotApplied():
        assert now > provable, "before D + L"
        assert len(clear) >= 2, "fewer than two looks behind it"
        assert not found, "although it was seen"
        assert not odd, "although something odd was seen"
        assert settling.retention is None or now < entry.sent_at + settling.retention * SECOND, "the row may have left"
    assert (answer == Applied()) == found
    if isinstance(answer, Wait | Ask):
        assert not seen or answer.until > seen[-1].began, "no time goes by between two looks"
        assert answer.until <= max(seen[-1].began if seen else 0, provable) + (3600 + 20) * SECOND, "never again"


@given(sequences())
def test_no_sequence_proves_too_much(case: tuple[Entry, list[Look], int, Settling, int]) -> None:
    """Not applied only after D + L, by two looks that began behind it, with nothing of it ever seen."""
    check(case)


FIRST_FAULT = settings(phases=[Phase.generate], max_examples=2_000, report_multiple_bugs=False, database=None)
"""A twin need not show the smallest example."""
BROKEN = {
    "one look": ("LOOKS", 1),
    "D = 0": ("Settling.wait", property(lambda settling: settling.shown_within)),
    "odd rows ignored": ("_question", lambda *_: None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_twin_broken_rules_prove_too_much(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check finds out rules that ask for less."""
    place, value = BROKEN[name]
    monkeypatch.setattr(f"wallet_async.journal.settling.{place}", value)

    @FIRST_FAULT
    @given(sequences())
    def run(case: Any) -> None:
        check(case)

    with pytest.raises(AssertionError):
        run()


def test_twin_looks_at_an_older_state_counted() -> None:
    """The same check finds out rules that count looks which lacked what is known to be booked."""

    def trusting(entry: Entry, seen: list[Look], *rest: Any) -> Verdict:
        return verdict(entry, [evolve(look, behind=False) for look in seen], *rest)

    @FIRST_FAULT
    @given(sequences())
    def run(case: Any) -> None:
        check(case, trusting)

    with pytest.raises(AssertionError, match="fewer than two"):
        run()


def test_twin_looks_from_before_counted() -> None:
    """The same check finds out rules that count looks which began before D + L."""

    def early(entry: Entry, seen: list[Look], now: int, settling: Settling) -> Verdict:
        provable = entry.send_by + int((settling.commit_within + settling.shown_within) * 1e6)
        moved = [Look(began=max(look.began, provable + 1), found=look.found, odd=look.odd) for look in seen]
        return verdict(entry, moved if now > provable else seen, now, settling)

    @FIRST_FAULT
    @given(sequences())
    def run(case: Any) -> None:
        check(case, early)

    with pytest.raises(AssertionError, match=r"fewer than two|no time goes by"):
        run()


@pytest.mark.parametrize("name", ["commit_within", "shown_within", "every", "retention"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "60", True])
def test_settings_are_checked(name: str, value: Any) -> None:
    """Above zero and finite, or the error names the setting."""
    with pytest.raises(InvalidInputError, match=rf"Settling\.{name}"):
        Settling(**{name: value})


def test_a_retention_that_proves_nothing_is_refused() -> None:
    """What leaves the history before two looks could be made would always be left to a person."""
    Settling(commit_within=60, shown_within=20, every=5, retention=90.1)
    with pytest.raises(InvalidInputError, match=r"Settling\.retention"):
        Settling(commit_within=60, shown_within=20, every=5, retention=90)


def test_two_looks() -> None:
    """The number is part of what is promised."""
    assert rules.LOOKS == 2
