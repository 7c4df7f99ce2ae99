"""A store against a dict: whatever is asked for, in any order, both give the same answers."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, TypeVar

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.journal.conformance import STATES, sending
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.pruning import BOOKED, NOT_BOOKED, remainder
from wallet_async.journal.states import may_claim, may_record
from wallet_async.journal.store import Store

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
"""Runs a coroutine to its end, as `asyncio.Runner.run` does."""

REFERENCES = st.sampled_from(["a", "B", "ı", "a b"])
TIMES = st.integers(0, 100)


Model = dict[str, Entry]


def overdue(model: Model, now: int) -> list[Entry]:
    """Give what is in doubt, or being sent for too long."""
    return [
        entry
        for entry in model.values()
        if entry.state == "in_doubt" or (entry.state == "sending" and entry.send_by <= now)
    ]


def old(model: Model, states: set[State], before: int) -> list[Entry]:
    """Give what may be pruned and was not yet, in order."""
    entries = [model[reference] for reference in sorted(model)]
    return [entry for entry in entries if entry.state in states and entry.updated_at < before and entry.movement]


def of_service(entries: Iterable[Any], service: str) -> list[Any]:
    """Give those of one service."""
    return [entry for entry in entries if entry.service == service]


class StoreMachine(RuleBasedStateMachine):
    """Asks both; each run of it keeps to a service of its own."""

    run: Run[Any]
    store: Store
    services: Iterator[str]

    def __init__(self) -> None:
        super().__init__()
        self.service = next(self.services)
        self.model: Model = {}

    @rule(
        reference=REFERENCES,
        state=st.sampled_from(["prepared", "sending"]),
        ahead=st.sampled_from([1, 1, 1, 0, 2]),
        fingerprint=st.sampled_from(["f", "f", "f", "g"]),
        seen=st.sampled_from([True, True, True, False]),
        sent_at=TIMES,
        patience=TIMES,
    )
    def claim(
        self, reference: str, state: State, ahead: int, fingerprint: str, seen: bool, sent_at: int, patience: int
    ) -> None:
        found = self.model.get(reference)
        entry = sending(
            reference,
            service=self.service,
            state=state,
            attempt=ahead + found.attempt if found else min(ahead, 1),
            fingerprint=fingerprint,
            sent_at=sent_at,
            send_by=sent_at + patience,
            created_at=found.created_at if found and seen else sent_at,
            updated_at=sent_at,
        )
        if may_claim(found, entry):
            self.model[reference] = entry
        assert self.run(self.store.claim(entry)) == self.model[reference]

    @rule(
        reference=REFERENCES,
        new=st.sampled_from(STATES),
        old=st.none() | st.sampled_from(STATES),
        attempt=st.sampled_from([0, 0, 0, -1, 1]),
        now=TIMES,
        reason=st.none() | st.just("why"),
    )
    def record(self, reference: str, new: State, old: State | None, attempt: int, now: int, reason: str | None) -> None:
        found = self.model.get(reference)
        entry = found or sending(reference, service=self.service)
        entry = evolve(entry, state=old or entry.state, attempt=entry.attempt + attempt)
        if not may_record(entry.state, new):
            return
        is_it = found is not None and (found.state, found.attempt) == (entry.state, entry.attempt)
        if is_it:
            self.model[reference] = evolve(entry, state=new, updated_at=now, receipt=reason, reason=reason)
        assert self.run(self.store.record(entry, new, now=now, receipt=reason, reason=reason)) == is_it

    @rule(reference=REFERENCES, attempt=st.sampled_from([0, 0, 0, -1, 1]))
    def prune(self, reference: str, attempt: int) -> None:
        found = self.model.get(reference)
        if found is None or found.state not in BOOKED + NOT_BOOKED:
            return
        is_it = attempt == 0
        if is_it and (left := remainder(self.model.pop(reference))) is not None:
            self.model[reference] = left
        assert self.run(self.store.prune([evolve(found, attempt=found.attempt + attempt)])) == is_it

    @rule(states=st.sets(st.sampled_from(BOOKED + NOT_BOOKED)), before=TIMES)
    def stale(self, states: set[State], before: int) -> None:
        found = self.run(self.store.stale(sorted(states), before=before, after=(self.service, ""), limit=5))
        assert of_service(found, self.service) == old(self.model, states, before)[: len(found)]

    @rule()
    def count(self) -> None:
        states = Counter(entry.state for entry in self.model.values())
        counts = self.run(self.store.count())
        assert [counts.get((self.service, state), 0) for state in STATES] == [states[state] for state in STATES]

    @rule(reference=REFERENCES)
    def load(self, reference: str) -> None:
        assert self.run(self.store.load(self.service, reference)) == self.model.get(reference)

    @rule(now=TIMES, limit=st.integers(0, 5))
    def unsettled(self, now: int, limit: int) -> None:
        everything = overdue(self.model, now)
        found = self.run(self.store.unsettled(self.service, now=now, limit=limit))
        assert [entry.sent_at for entry in found] == sorted(entry.sent_at for entry in everything)[:limit]
        assert set(found) <= set(everything)
        assert len(set(found)) == len(found)

    @rule(states=st.sets(st.sampled_from(STATES)), after=st.none() | REFERENCES, limit=st.integers(0, 5))
    def listed(self, states: set[State], after: str | None, limit: int) -> None:
        expected = [
            self.model[reference]
            for reference in sorted(self.model)
            if self.model[reference].state in states and (after is None or reference > after)
        ]
        place = (self.service, after) if after is not None else None
        found = self.run(self.store.listed(self.service, sorted(states), after=place, limit=limit))
        assert list(found) == expected[:limit]


def machine(run: Run[Any], store: Store) -> type[RuleBasedStateMachine]:
    """Give the machine for an open store."""
    services = map("service-{}".format, itertools.count())
    return type("BoundMachine", (StoreMachine,), {"run": staticmethod(run), "store": store, "services": services})
