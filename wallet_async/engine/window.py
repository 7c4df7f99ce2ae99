"""Which pages of a history to ask for side by side, and when their rows are known to be complete: decisions only.

Pages read one after another can only repeat rows. Pages read side by side can lose them: if page 5 is answered after a
row has arrived and page 6 before it, the row that crossed their *seam* is on neither. So a page is taken only when the
seam above it is known to be sound, for one of these reasons:

- it was asked for after the answer to the page above it had come;
- it shares a row with what was taken before: nothing can lie between them;
- nothing moved in the meantime: the top of the walk's first page was the same before the page was asked for and in a
  *check* that left after the page above it had come (a check that left earlier proves nothing);
- it was asked for after rows were last seen to repeat. Where a row is lost, one has come twice further up, since the
  page below cannot be older than the walk's past; so as long as nothing repeats, nothing is lost. That holds once the
  walk remembers more rows than can arrive while a window is read (64 pages of them); until then there are checks.

A seam that is not sound is mended: the pages from there on are read again, one after another and later than everything
before, until one shares a row with the page below the seam. Different seams are mended side by side.

An order from the oldest row on needs no care, for nothing moves; the same rules hold there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from wallet_async.engine.events import DriftEvent
from wallet_async.engine.readings import Reading
from wallet_async.engine.walk import CheckHead, End, Page, Step, Walk

T = TypeVar("T")


class Window(Generic[T]):
    """The pages of one walk that are asked for but not taken yet.

    It is told what was asked and answered, in that order: `ask` gives the readings to send, `came` and `failed`
    say what became of each, and `ready` holds what may be handed out.
    """

    def __init__(self, walk: Walk[T], number: int, rows: Sequence[T], *, most: int) -> None:
        self._walk = walk
        self._most = most
        self._size = most
        self._clock = 2
        self._top = number
        self._next = number + 1
        self._last_number: int | None = None  # the first page that showed an end: none below it is worth asking for
        self._line: deque[Reading[T]] = deque()
        self._under_way: set[Reading[T]] = set()
        self._due: list[Reading[T]] = []
        self._check: Reading[T] | None = None
        self._checked = 0  # when the last check left whose answer is in
        self._boundary = number  # the last page that the next check is to cover
        self._waiting = self._confirming = self._moved = False
        self._quiet_since = 2
        self._deepest = number  # the last page that any row taken was on
        self._requests = self._recovered = 0
        self.ready: deque[Page[T]] = deque()
        """What may be handed out."""
        self.ended: bool = False
        """Whether nothing follows what is ready."""
        self._taken = Reading[T](number, 1, came=2, rows=rows)
        self._hand_out(self._taken, *walk.begin(rows, 1))

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    @property
    def exhausted(self) -> bool:
        """Whether every page that was asked for has been taken or dropped."""
        return not self._line and not self.ready

    def ask(self, want: int | None = None, *, ahead: bool = True) -> list[Reading[T]]:
        """Give the readings to send now.

        Args:
            want: Rows still wanted besides those that are ready, or None for all.
            ahead: Whether to ask for new pages, too, besides what those under way need.
        """
        if self.ended:
            return []
        self._clock += 1
        asked, self._due = self._due, []
        if self._is_check_due():
            self._check = Reading(self._top, self._clock)
            self._boundary = self._next - 1
            asked.append(self._check)
        if ahead and not self._confirming:
            asked += self._pages(want)
        self._under_way.update(asked)
        return asked

    def came(self, reading: Reading[T], rows: Sequence[T]) -> None:
        """Take the answer to *reading*."""
        if reading not in self._under_way:
            return
        self._under_way.discard(reading)
        self._clock += 1
        reading.came, reading.rows = self._clock, rows
        if reading is self._check:
            self._take_check(reading)
        elif reading.below is not None:
            self._walk_on(reading, reading.below)
        elif self._walk.ends(rows):
            self._last_number = min(reading.number, self._last_number or reading.number)
        self._judge()

    def failed(self, reading: Reading[T]) -> bool:
        """Drop what *reading* was for, and all below; give whether it still mattered. `ask` begins there again."""
        if reading not in self._under_way:
            return False
        self._under_way.discard(reading)
        if reading is self._check:
            self._check = None
            self._drop(self._line[0].number if self._line else self._next)
        else:
            self._drop((reading.below or reading).number)
        self.shrink()
        self._judge()
        return True

    def shrink(self) -> None:
        """Ask for half as much at once."""
        self._size = max(1, self._size // 2)

    def grow(self) -> None:
        """Ask for twice as much at once, up to the bound."""
        self._size = min(self._most, 2 * self._size)

    def take_drift(self, service: str) -> DriftEvent | None:
        """Give what arrivals have cost since this was asked last, or None as long as a seam is being mended."""
        cost = self._requests, self._recovered, self._walk.repeats
        if self._confirming or not (cost[0] or cost[2]) or any(page.mends for page in self._line):
            return None
        self._requests = self._recovered = self._walk.repeats = 0
        return DriftEvent(
            service=service,
            operation=self._walk.paging.operation,
            requests=cost[0],
            recovered=cost[1],
            repeated=cost[2],
        )

    def _pages(self, want: int | None) -> list[Reading[T]]:
        """Ask for pages further down, within bounds for those under way and for those that wait for reader or check.

        Three windows' worth: one waits for its check, one has come, and one is under way. With two, answers that do not
        come all at once would leave places empty until the check is in.
        """
        under_way = len(self._under_way) - (self._check in self._under_way)
        waiting = len(self.ready)
        room = min(self._size - under_way - waiting, 3 * self._size - len(self._line) - waiting)
        if want is not None:
            room = min(room, -(-want // self._walk.paging.size) - len(self._line))
        if self._last_number is not None:
            room = min(room, self._last_number - self._next + 1)
        asked = [Reading[T](self._next + place, self._clock) for place in range(room)]
        self._line += asked
        self._next += len(asked)
        if self._line and self._line[0].number > self._boundary:
            self._boundary = self._next - 1
        return asked

    def _is_check_due(self) -> bool:
        """Whether a check is needed, and can cover all it is to cover."""
        if self._check is not None or self._checked > self._taken.came:
            return False
        if self._confirming:
            return True
        return self._waiting and all(page.came for page in self._line if page.number <= self._boundary)

    def _take_check(self, check: Reading[T]) -> None:
        self._check = None
        self._checked = check.left
        step = self._walk.take_head(check.rows, check.came)
        if self._confirming and check.left > self._taken.came:
            self._confirming = False
            if isinstance(step, End):
                self._walk.repeats = 0  # the provider repeats its last page: no row has moved
                self._end()

    def _judge(self) -> None:
        """Take every page in line whose seam is sound, and begin to mend what is not."""
        self._waiting = False
        while self._line and not self.ended and not self._confirming:
            page = self._line[0]
            if page.mends:
                if not page.mends[0].came:
                    break
                self._take(page.mends.popleft())
            elif not page.came:
                return
            elif self._is_sound(self._taken, page) or self._walk.knows_any(page.rows):
                self._take(self._line.popleft())
            elif self._needs_check():
                self._waiting = True
                return
            else:
                break
        self._mend()

    def _is_sound(self, above: Reading[T], page: Reading[T]) -> bool:
        """Whether no row can have been lost between two pages, by the times of their requests and answers."""
        if page.left > above.came or (above is self._taken and page.left > self._quiet_since):
            return True
        return self._walk.still_since < page.left and above.came < self._checked

    def _needs_check(self) -> bool:
        """Whether a check could still show that nothing moved around the page taken last."""
        return self._checked < self._taken.came and not self._moved

    def _mend(self) -> None:
        """Read again from each seam on that is not sound."""
        if self.ended or self._confirming:
            return
        above = self._taken
        for page in self._line:
            answered = above.came and page.came
            if answered and not (page.mends or self._is_sound(above, page) or self._share(above, page)):
                self._read_again(page, page.number)
            above = page

    def _walk_on(self, mend: Reading[T], below: Reading[T]) -> None:
        """Go on mending until a row of the page below the seam shows up, or the history ends."""
        if not (self._walk.ends(mend.rows) or self._share(mend, below)):
            self._read_again(below, mend.number + 1)

    def _read_again(self, below: Reading[T], number: int) -> None:
        self._clock += 1
        mend = Reading[T](number, self._clock, below=below)
        self._requests += 1
        below.mends.append(mend)
        self._due.append(mend)

    def _share(self, one: Reading[T], other: Reading[T]) -> bool:
        key = self._walk.paging.key
        return not {key(row) for row in one.rows}.isdisjoint(key(row) for row in other.rows)

    def _take(self, reading: Reading[T]) -> None:
        before = self._walk.repeats
        fresh, step = self._walk.take(reading.rows, reading.left)
        self._moved = self._walk.repeats > before
        if self._moved or not self._walk.remembers_enough:
            self._quiet_since = reading.came
        if reading.below is not None:
            here = set(map(self._walk.paging.key, reading.below.rows))
            self._recovered += sum(self._walk.paging.key(row) not in here for row in fresh)
        self._taken = reading
        self._hand_out(reading, fresh, step)

    def _hand_out(self, reading: Reading[T], fresh: tuple[T, ...], step: Step) -> None:
        if fresh:
            self.ready.append(Page(reading.number, fresh))
        if isinstance(step, End):
            self._end()
        elif isinstance(step, CheckHead) and reading.number > self._deepest:
            # Its rows were on other pages. A check that left since, if any, has shown that nothing moved meanwhile.
            self._confirming = self._checked < reading.came
            if not self._confirming:
                self._end()
        self._deepest = max(self._deepest, reading.number)

    def _end(self) -> None:
        """Everything has been taken; what was read past the end is thrown away."""
        self.ended = True
        self._line.clear()
        self._under_way.clear()
        self._due.clear()

    def _drop(self, number: int) -> None:
        """Forget the pages from *number* on."""
        while self._line and self._line[-1].number >= number:
            page = self._line.pop()
            self._under_way.discard(page)
            self._under_way.difference_update(page.mends)
            self._due = [mend for mend in self._due if mend.below is not page]
        self._next = min(self._next, number)
        self._last_number = None
