"""The journal's decisions, every one of them: what a call does with what it finds, and what may become of an entry."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from attrs import evolve

from tests.journal.conformance import sending
from wallet_async.journal.entry import State
from wallet_async.journal.states import (
    NEXT,
    Conflict,
    Give,
    Recall,
    Send,
    Settle,
    Step,
    Wait,
    may_claim,
    may_follow,
    may_record,
    step,
)

STATES: tuple[State, ...] = get_args(State)
ENTRY = sending(attempt=3, send_by=1_000, receipt='{"id":1}')
STEPS: dict[State, tuple[Step, Step]] = {
    "prepared": (Send(4), Send(4)),
    "sending": (Wait(1_000), Settle()),
    "applied": (Give('{"id":1}'), Give('{"id":1}')),
    "refused": (Send(4), Send(4)),
    "in_doubt": (Settle(), Settle()),
    "not_applied": (Send(4), Send(4)),
}
"""What a call does that finds each state, before and after the request has left if it ever does."""


@pytest.mark.parametrize("state", STATES)
def test_what_a_call_does(state: State) -> None:
    """It sends only what was certainly not booked, and gives only what was."""
    found = evolve(ENTRY, state=state)
    assert (step(found, ENTRY.fingerprint, 999), step(found, ENTRY.fingerprint, 1_000)) == STEPS[state]
    assert step(found, "another", 999) == Conflict()


def test_what_was_pruned_is_recalled() -> None:
    """It is booked for certain, so nothing is sent, and its receipt stands elsewhere if anywhere."""
    pruned = evolve(ENTRY, state="applied", movement="", receipt=None)
    assert step(pruned, ENTRY.fingerprint, 0) == Recall()
    assert step(pruned, "another", 0) == Conflict()


def test_a_claim_follows_what_its_caller_has_seen() -> None:
    """The same movement and the same beginning, one attempt further."""
    found = evolve(ENTRY, state="refused")
    following = evolve(ENTRY, attempt=4)
    assert may_claim(found, following)
    for other in ({"fingerprint": "other"}, {"created_at": 0}, {"attempt": 3}, {"attempt": 5}):
        assert not may_claim(found, evolve(following, **other))


def test_the_first_call_sends() -> None:
    """Nothing is known of the reference."""
    assert step(None, "any", 0) == Send(1)


@pytest.mark.parametrize(("old", "new"), [*product(STATES, STATES)])
def test_what_may_become_of_an_entry(old: State, new: State) -> None:
    """Money that may have moved is never sent again but through the history; what is booked stays booked."""
    allowed = {
        ("prepared", "sending"),
        ("sending", "prepared"),
        ("sending", "applied"),
        ("sending", "refused"),
        ("sending", "in_doubt"),
        ("in_doubt", "in_doubt"),
        ("in_doubt", "applied"),
        ("in_doubt", "not_applied"),
        ("refused", "sending"),
        ("not_applied", "sending"),
    }
    assert may_follow(old, new) == ((old, new) in allowed)
    assert may_record(old, new) == ((old, new) in allowed and new != "sending")


def test_a_call_sends_just_what_may_become_sending() -> None:
    """The two tables agree."""
    for state in STATES:
        sends = isinstance(step(evolve(ENTRY, state=state), ENTRY.fingerprint, 0), Send)
        assert sends == ("sending" in NEXT[state])
