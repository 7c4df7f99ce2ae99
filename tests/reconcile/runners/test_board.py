"""What several processes say, added up: nothing twice, nothing of those that have ended."""

from __future__ import annotations

from wallet_async.reconcile.chunks import Chunk
from wallet_async.reconcile.reader import Tally
from wallet_async.reconcile.runners.board import Board, Report
from wallet_async.reconcile.standing import Standing

CHUNK = Chunk(7, ("a", "b", "c"))


def said(requests: int, *, in_flight: int = 2, refused: int = 0, **tallies: Tally) -> Report:
    under_way = {int(name.removeprefix("chunk")): tally for name, tally in tallies.items()}
    return Report(under_way=under_way, requests=requests, in_flight=in_flight, refused=refused)


def of(standing: Standing) -> tuple[int, int, int, int]:
    return standing.wallets, standing.rows, standing.requests, standing.in_flight


def test_two_processes() -> None:
    """What is under way in each is added to what was done before, and time counts from the beginning."""
    board = Board(done=100, total=200, now=50.0)
    board.hear("one", said(5, refused=1, chunk7=Tally(wallets=2, rows=30)), now=51.0)
    board.hear("other", said(3, chunk8=Tally(wallets=1, rows=4, failed=1)), now=51.5)
    assert board.standing(52.0) == Standing(
        wallets=103, total=200, rows=34, requests=8, in_flight=4, refused=1, failed=1, elapsed=2.0
    )


def test_a_newer_report_takes_the_place_of_an_older() -> None:
    """Each process counts once."""
    board = Board(done=0, total=200, now=0.0)
    board.hear("one", said(5, chunk7=Tally(wallets=2, rows=30)), now=1.0)
    board.hear("one", said(9, chunk7=Tally(wallets=3, rows=50)), now=1.5)
    assert of(board.standing(2.0)) == (3, 50, 9, 2)


def test_a_chunk_that_has_ended() -> None:
    """It counts by what came of it, also where an older report that is still on its way calls it under way."""
    board = Board(done=0, total=200, now=0.0)
    board.end(CHUNK, Tally(wallets=2, rows=60, failed=1))
    board.hear("one", said(9, in_flight=2, chunk7=Tally(wallets=3, rows=50)), now=1.5)
    assert of(board.standing(2.0)) == (3, 60, 9, 0)
    assert board.standing(2.0).failed == 1


def test_a_process_that_is_killed() -> None:
    """What it had read is forgotten after some seconds, and the requests it sent stay counted."""
    board = Board(done=0, total=200, now=0.0)
    board.hear("killed", said(5, chunk7=Tally(wallets=2, rows=30)), now=1.0)
    board.hear("next", said(4, chunk8=Tally(wallets=1, rows=10)), now=5.0)
    assert of(board.standing(5.0)) == (1, 10, 9, 2)


def test_a_chunk_that_is_read_anew() -> None:
    """While the report of the killed process is fresh, its chunk counts once, in another's hands."""
    board = Board(done=0, total=200, now=0.0)
    board.hear("killed", said(5, chunk7=Tally(wallets=3, rows=30)), now=1.0)
    board.hear("next", said(4, chunk7=Tally(wallets=1, rows=10)), now=1.2)
    assert board.standing(2.0).wallets == 1
