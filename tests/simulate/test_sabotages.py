"""The simulator is worth something: whoever breaks one of the library's rules is found out within a few episodes."""

from __future__ import annotations

import pytest

from tests.simulate import sabotages
from tests.simulate.episode import episode
from tests.simulate.plan import Believed, Sizes
from tests.simulate.sabotages import Sabotage

MOST = 20
"""Episodes; most are found out in the first."""
SMALL = Sizes(orders=60)
HARSH = Believed(harsh=True)
REHOOK = Believed(harsh=True, only="rehook")

FIRST = {sabotages.reads_one_page: 9, sabotages.forgets_the_lease: 14}
"""The first seed to try, where seed 1 is known to show nothing."""

TWINS: dict[Sabotage, tuple[str, Sizes, Believed]] = {
    sabotages.resends_without_resolving: ("booked", SMALL, HARSH),
    sabotages.waits_for_nothing: ("proved absent and booked", SMALL, HARSH),
    sabotages.writes_it_down_after_sending: ("booked", SMALL, HARSH),
    sabotages.takes_doubt_for_done: ("lost", SMALL, REHOOK),
    sabotages.marks_at_random: ("lost", SMALL, REHOOK),
    sabotages.compares_no_echo: ("lost", Sizes(orders=150), REHOOK),
    sabotages.reads_one_page: ("proved absent and booked", Sizes(orders=80, wallets=2), REHOOK),
    sabotages.believes_the_parser: ("wrong: booked", SMALL, HARSH),
    sabotages.swallows_cancellation: ("booked", SMALL, HARSH),
    sabotages.forgets_the_lease: ("booked", SMALL, HARSH),
}
"""What is said of each, and how large and how hard an episode it takes."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("sabotage", TWINS, ids=lambda sabotage: sabotage.__name__)
def test_twin(sabotage: Sabotage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check on the broken library."""
    sabotage(monkeypatch)
    said, sizes, believed = TWINS[sabotage]
    first = FIRST.get(sabotage, 1)
    for seed in range(first, first + MOST):
        wrong = episode(seed, sizes, believed).wrong
        if any(said in each for each in wrong):
            print(f"found out by seed {seed}: {wrong[:3]}")
            return
    pytest.fail("nobody noticed")
