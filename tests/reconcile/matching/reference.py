"""The rules once more, in plain Python and row by row: what the SQL is held against. Written from the rules alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from attrs import define, field, frozen

from tests.reconcile.matching.world import READ_AT, About, Line, Row, World

Short = tuple[Any, ...]
_WINDOW_BEGINS = datetime.max


@frozen
class Expected:
    """What a comparison has to come to."""

    differences: Counter[Short]
    """By (wallet, class, line, transaction id), with ``note`` at the end of what is one."""
    counts: dict[str, int]


def first(one: Line | Row) -> tuple[Any, ...]:
    """Give what rows of one side are sorted by."""
    return one.created_at or _WINDOW_BEGINS, one.line if isinstance(one, Line) else one.transaction_id


def expect(world: World) -> Expected:
    """Work out what a comparison has to come to, wallet by wallet."""
    differences, counts = Counter[Short](), Counter[str]()
    about = {one.wallet: one for one in world.about}
    named = {one.wallet for one in (*world.lines, *world.rows) if one.wallet is not None}
    for wallet in about.keys() | named:
        counts["wallets"] += 1
        statement = about.get(wallet)
        lines = [line for line in world.lines if line.wallet == wallet]
        if statement is None or statement.error is not None:
            counts["unread"] += 1
            lines = [line for line in lines if line.problem]
            statement = About(wallet=wallet, error="not read")
        counts["unknown"] += statement.known is False
        rows = [row for row in world.rows if row.wallet == wallet and statement.error is None]
        one = _Wallet(lines=lines, rows=rows, about=statement, world=world)
        one.judge()
        differences.update(one.found)
        counts.update(one.counts)
    for line in world.lines:
        if line.wallet is None:
            one = _Wallet(lines=[line], rows=[], about=About(), world=world)
            one.judge()
            differences.update(one.found)
            counts.update(one.counts)
    return Expected(differences, dict(counts))


@define(kw_only=True)
class _Wallet:
    lines: Sequence[Line]
    rows: Sequence[Row]
    about: About
    world: World
    free_lines: list[Line] = field(init=False)
    free_rows: list[Row] = field(init=False)
    found: list[Short] = field(factory=list)
    counts: Counter[str] = field(factory=Counter)

    def __attrs_post_init__(self) -> None:
        self.free_lines = sorted(self.lines, key=first)
        self.free_rows = sorted(self.rows, key=first)

    def judge(self) -> None:
        self._by_evidence("transaction id", lambda one: one.transaction_id, lambda line: True)
        self._by_evidence("reference", lambda one: one.reference, lambda line: line.transaction_id is None)
        self._contradictions()
        self._twins()
        self._by_time([row for row in self.free_rows if not _late(row)])
        self._by_time([row for row in self.free_rows if _late(row)])
        self._left()
        self._balance()

    def _by_evidence(self, by: str, key: Callable[[Any], Hashable], takes: Callable[[Line], bool]) -> None:
        """Rules 1 and 2."""
        families: dict[Hashable, tuple[list[Line], list[Row]]] = defaultdict(lambda: ([], []))
        for line in self.free_lines:
            if key(line) is not None and takes(line):
                families[key(line)][0].append(line)
        for row in self.free_rows:
            if key(row) is not None:
                families[key(row)][1].append(row)
        for lines, rows in families.values():
            self._family(by, lines, rows)

    def _family(self, by: str, lines: list[Line], rows: list[Row]) -> None:
        likenesses: tuple[Callable[[Any], Any], ...] = (
            lambda one: (one.kind, one.amount),
            lambda one: one.kind,
            lambda one: "any",
        )
        done: list[Line | Row] = []
        for likeness in likenesses:
            values = {likeness(one) for one in (*lines, *rows)}
            paired_before = {likeness(one) for one in done}
            for value in values - paired_before:
                if value is None or (isinstance(value, tuple) and None in value):
                    continue  # what cannot be read is like nothing
                mine = [line for line in lines if likeness(line) == value]
                theirs = [row for row in rows if likeness(row) == value]
                for line, row in zip(mine, theirs, strict=False):
                    done += [line, row]
                    self._pair(line, row, by)

    def _pair(self, line: Line, row: Row, by: str | None, doubt: bool = False) -> None:
        self.free_lines.remove(line)
        self.free_rows.remove(row)
        window = self.world.rules.window
        differs = {
            "kind_differs": line.kind != row.kind,
            "amount_differs": line.amount != row.amount,
            "time_differs": line.created_at is not None and abs(line.created_at - row.created_at) > window,
        }
        currencies = line.currency and row.currency and line.currency.upper() != row.currency.upper()
        class_ = next((name for name, so in differs.items() if so), None)
        if doubt or currencies:
            class_ = "ambiguous"
        if row.problem:
            class_ = "unreadable_row"
        if by:
            self.counts[by] += 1
            self.counts["in order"] += doubt
        times = [moment for moment in (line.created_at, row.created_at) if moment is not None]
        if class_ and not all(map(self._outside, times)):
            note = ("note",) if doubt and by and not currencies else ()
            self.found.append((line.wallet, class_, line.line, row.transaction_id, *note))

    def _contradictions(self) -> None:
        """Rule 5."""
        there = {row.transaction_id for row in self.rows}
        booked = {row.reference for row in self.rows if row.reference}
        for line in [*self.free_lines]:
            if line.transaction_id is None or line.transaction_id in there or line.reference not in booked:
                continue
            if row := next((row for row in self.free_rows if row.reference == line.reference), None):
                self._pair(line, row, None, doubt=True)
            else:
                self._verdict(line, "ambiguous")

    def _twins(self) -> None:
        """Rule 3: the id says more than the reference, and a duplicate by one vouches for nothing by the other."""
        duplicates: list[Line | Row] = []

        def sort_out(
            key: Callable[[Any], Any], free: Sequence[Line | Row], side: Sequence[Line | Row], class_: str
        ) -> None:
            vouched = {key(one) for one in side if one not in free and one not in duplicates}
            for one in sorted(free, key=first):
                if key(one) is not None and key(one) in vouched and not one.problem:
                    duplicates.append(one)
                    self._verdict(one, class_)
                vouched.add(key(one))

        sort_out(lambda one: one.transaction_id, self.free_lines, self.lines, "duplicated_in_ledger")
        sort_out(_reference_and_kind, self.free_lines, self.lines, "duplicated_in_ledger")
        sort_out(_reference_and_kind, self.free_rows, self.rows, "duplicated_at_provider")

    def _by_time(self, rows: list[Row]) -> None:
        """Rule 4."""
        lines = [line for line in self.free_lines if line.transaction_id is None and not line.problem]
        groups: dict[Hashable, list[Line | Row]] = defaultdict(list)
        for one in (*lines, *(row for row in rows if not row.problem)):
            groups[one.kind, one.amount].append(one)
        for group in groups.values():
            for cluster in self._clusters(_with_partners(group)):
                self._cluster(_with_partners(cluster))

    def _clusters(self, group: list[Line | Row]) -> Iterable[list[Line | Row]]:
        if any(one.created_at is None for one in group):
            yield group
            return
        cluster: list[Line | Row] = []
        for one in sorted(group, key=lambda one: one.created_at or _WINDOW_BEGINS):
            if cluster and one.created_at - cluster[-1].created_at > self.world.rules.window:  # type: ignore[operator]
                yield cluster
                cluster = []
            cluster.append(one)
        yield cluster

    def _cluster(self, cluster: list[Line | Row]) -> None:
        lines = [one for one in cluster if isinstance(one, Line)]
        rows = [one for one in cluster if isinstance(one, Row)]
        if not lines and not rows:
            return
        whole = len(lines) == len(rows) and any(all(map(_may_be, lines, order)) for order in permutations(rows))
        if not whole:
            for one in (*lines, *rows):
                self._verdict(one, "ambiguous")
            return
        lines.sort(key=lambda line: (line.reference is None, first(line)))
        rows.sort(key=lambda row: (row.reference is not None, first(row)))
        for line, row in zip(lines, rows, strict=True):
            self._pair(line, row, "alike", doubt=len(lines) > 1)

    def _left(self) -> None:
        unreadable = [row for row in self.free_rows if row.problem]
        for line in [*self.free_lines]:
            if line.problem:
                self._verdict(line, "unreadable_row")
            elif line.transaction_id is None and any(self._may_be_unread(line, row) for row in unreadable):
                self._verdict(line, "ambiguous")
            else:
                self._verdict(line, "missing_at_provider")
        for row in [*self.free_rows]:
            self._verdict(row, "unreadable_row" if row.problem else "missing_in_ledger")

    def _may_be_unread(self, line: Line, row: Row) -> bool:
        near = line.created_at is None or abs(line.created_at - row.created_at) <= self.world.rules.window
        return near and _may_be(line, row) and (row.kind == line.kind or row.kind not in {"credit", "debit"})

    def _verdict(self, one: Line | Row, class_: str) -> None:
        if isinstance(one, Line):
            self.free_lines.remove(one)
            short: Short = (one.wallet, class_, one.line, None)
        else:
            self.free_rows.remove(one)
            short = (one.wallet, class_, None, one.transaction_id)
            if _late(one):
                self.counts["arrived"] += 1
                return
        if self._outside(one.created_at):
            self.counts["outside"] += 1
        else:
            self.found.append(short)

    def _outside(self, moment: datetime | None) -> bool:
        rules = self.world.rules
        if moment is None:
            return rules.since is not None
        aware = moment.replace(tzinfo=UTC)
        return (rules.since is not None and aware < rules.since) or (rules.until is not None and aware >= rules.until)

    def _balance(self) -> None:
        if self.about.balance is None or self.about.error or self.world.rules.since:
            return
        if any(row.problem for row in self.rows):
            return
        self.counts["balances"] += 1
        total = sum((row.amount if row.kind == "credit" else -row.amount for row in self.rows if row.amount), start=0)
        if total != self.about.balance:
            self.found.append((self.about.wallet, "balance_differs", None, None))


def _reference_and_kind(one: Line | Row) -> tuple[str, str | None] | None:
    return None if one.reference is None else (one.reference, one.kind)


def _late(row: Row) -> bool:
    return row.created_at.replace(tzinfo=UTC) > READ_AT


def _with_partners(some: list[Line | Row]) -> list[Line | Row]:
    """Leave out what cannot belong to any of the others."""
    lines = [one for one in some if isinstance(one, Line)]
    rows = [one for one in some if isinstance(one, Row)]
    return [
        *(line for line in lines if any(_may_be(line, row) for row in rows)),
        *(row for row in rows if any(_may_be(line, row) for line in lines)),
    ]


def _may_be(line: Line, row: Row) -> bool:
    """Whether nothing that they show says that they are two."""
    return line.reference is None or row.reference is None
