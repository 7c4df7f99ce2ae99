"""The world of a seed, wallet by wallet: how many rows each has, which differences, and what fills the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import cycle, islice
from random import Random

from attrs import frozen

from tests.reconcile.planted import differences, innocent
from tests.reconcile.planted.innocent import Filler
from tests.reconcile.planted.made import Numbers, Slot, Wallet

_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=500)
_NAMES = ("KMN@{}", "müşteri-{}", "顧客{}", "a/b %2F {}?&=#", "o'brien-{}", "customer-{}")
"""Ids: the last is the usual one."""
_LARGE = Decimal("12345678901234567.89")
_LONGEST = 1_000
"""Rows of the one very long history."""
_UNTOUCHED = frozenset({0, 20, 40, _LONGEST})
"""Sizes of wallets in which nothing is planted: none at all, full last pages, the very long one."""


@frozen(kw_only=True)
class World:
    """How large it is, and from which seed: the same arguments make the same world."""

    provider: str
    seed: int
    wallets: int
    rows: int
    """Movements that look innocent, about; the planted ones come beside."""
    each: int
    """Differences of each class."""

    def __iter__(self) -> Iterator[Wallet]:
        """Make wallet after wallet."""
        random = Random(self.seed)
        numbers = Numbers(random=random, provider=self.provider)
        sizes = _sizes(random, self.wallets, self.rows)
        planted = _planted(random, [number for number, size in enumerate(sizes) if size not in _UNTOUCHED], self.each)
        for number, size in enumerate(sizes):
            wallet = Wallet(key=self._key(number, random))
            _fill(wallet, numbers, size, planted.get(number, []))
            yield wallet
        for number in range(self.wallets, self.wallets + max(3, self.each // 10)):
            yield self._unknown(number, numbers)
            yield self._unlisted(number, numbers)

    def _key(self, number: int, random: Random) -> tuple[str, ...]:
        name = random.choice(_NAMES[:-1]) if number % 50 == 0 else _NAMES[-1]
        if self.provider == "loyalty":
            return (f"LYT_{number:019}" if name == _NAMES[-1] else name.format(number),)
        customer = name.format(number // 2 if name == _NAMES[-1] else number)  # a customer has two wallets
        return customer, f"waty_{number:021}"

    def _unlisted(self, number: int, numbers: Numbers) -> Wallet:
        """Make a wallet that the ledger has no line of: its rows are missing there."""
        name = f"unlisted-{number}"
        wallet = Wallet(key=(name, name) if self.provider == "rehook" else (name,))
        _fill(wallet, numbers, 0, [partial(differences.stranger, marked=marked) for marked in (True, False)])
        return wallet

    def _unknown(self, number: int, numbers: Numbers) -> Wallet:
        """Make a wallet, or its customer, that the provider does not know: its lines are missing there."""
        name = f"unknown-{number}"
        key = (name, name) if self.provider == "rehook" else (name,)
        wallet = Wallet(key=key, booked="customer" if number % 2 else "nothing")
        _fill(wallet, numbers, 0, [*differences.PLANTED["missing_at_provider"]])
        return wallet


def _sizes(random: Random, wallets: int, rows: int) -> list[int]:
    """Say how many slots are filled in each wallet: most have few, some none, some full pages, one very many."""
    sizes = [
        random.choices([0, 20, 40, random.randint(100, 300), -1], [2, 4, 1, rows / wallets / 40, 93])[0]
        for _ in range(wallets)
    ]
    if rows > 100 * _LONGEST:
        sizes[random.randrange(wallets)] = _LONGEST
    few = [number for number, size in enumerate(sizes) if size == -1]
    left = rows - sum(size for size in sizes if size > 0)
    assert left > 2 * len(few), f"{rows} rows are too few for {wallets} wallets"
    mean, more = divmod(left, len(few))
    for place, number in enumerate(few):
        sizes[number] = mean + (place < more) + (1 if place % 2 else -1) * random.randint(0, mean - 1)
    return sizes


def _planted(random: Random, wallets: list[int], each: int) -> dict[int, list[Filler]]:
    """Spread the differences: which come into which wallet; a wallet's balance differs once."""
    found: dict[int, list[Filler]] = defaultdict(list)
    for kind, ways in differences.PLANTED.items():
        fillers = islice(cycle(ways), each)
        chosen = random.sample(wallets, each) if kind == "balance_differs" else random.choices(wallets, k=each)
        for number, filler in zip(chosen, fillers, strict=True):
            found[number].append(filler)
    return found


def _fill(wallet: Wallet, numbers: Numbers, size: int, planted: list[Filler]) -> None:
    random = numbers.random
    fillers = [*planted, *(_innocent(random, untouched=size in _UNTOUCHED) for _ in range(size))]
    random.shuffle(fillers)
    for slot, filler in zip(_slots(wallet, numbers, len(fillers)), fillers, strict=True):
        filler(slot)
    wallet.rows.sort(key=lambda row: row.created_at)


def _innocent(random: Random, *, untouched: bool) -> Filler:
    # Where the rows of a page are counted, a slot is a row.
    usual = untouched or random.random() < 0.9
    return random.choice(innocent.USUAL if usual else innocent.ODD)


def _slots(wallet: Wallet, numbers: Numbers, count: int) -> Iterator[Slot]:
    """Give times hours apart, so that what happens at one has nothing to do with others; in some wallets all alike."""
    random = numbers.random
    step = max(_SPAN / max(count, 1), timedelta(hours=8))
    alike = random.random() < 0.1
    kind, amount = _movement(random)
    for place in range(count):
        if not alike:
            kind, amount = _movement(random)
        yield Slot(
            wallet=wallet,
            numbers=numbers,
            at=_BEGIN + place * step + timedelta(microseconds=random.randrange(3 * 3600 * 10**6)),
            kind=kind,
            amount=amount,
            name=f"{random.choice(['order', 'sipariş', '注文, nr'])}-{place}",
        )


def _movement(random: Random) -> tuple[str, Decimal]:
    kind = "credit" if random.random() < 0.7 else "debit"
    digits = random.randrange(1, 500_000)
    amount = random.choice([Decimal(digits % 100 + 1), Decimal(digits).scaleb(-2), Decimal(digits).scaleb(-8)])
    return kind, _LARGE if random.random() < 0.001 else amount
