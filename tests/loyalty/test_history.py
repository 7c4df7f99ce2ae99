"""Histories: every row once, whatever arrives; which rows, from when; and what the pages leave open."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import loyalty_async.history
import loyalty_async.wire
from loyalty_async import DecodeError, Done, Failed, LoyaltySession, NotFoundError, RefusedError
from loyalty_async.sandbox import LoyaltyApi
from tests.kit import LOYALTY, CommitServer, behaviours
from tests.loyalty.common import DAY, OTHER, WALLET, book, credit, session, stand_in
from wallet_async.engine.walk import Walk
from wallet_async.sandbox import Answer, Fault, Request, Sandbox


async def ids(loyalty: LoyaltySession, **options: Any) -> list[str]:
    """Read the history of `WALLET`."""
    return [row.transaction_id async for row in loyalty.transactions(WALLET, **options)]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (19, 1), (20, 2), (40, 3), (45, 3)])
async def test_every_row_comes_once_newest_first(first: int, count: int, requests: int) -> None:
    """Also where the last page is just full, and from either first index; one look-up finds the wallet's id."""
    api = stand_in(first_page_index=first)
    newest_first = book(api, count)
    book(api, 5, wallet=OTHER)
    async with Sandbox(api) as sandbox, session(sandbox.url, first_page_index=first) as loyalty:
        assert await ids(loyalty, lookahead=1) == newest_first
        pages = [page async for page in loyalty.transactions(WALLET, lookahead=1).pages()]
        assert [page.number for page in pages] == list(range(first, first + -(-count // 20)))
        assert sandbox.observed.requests == {"wallet": 2, "transactions": 2 * requests}


async def test_a_page_asks_for_everything_that_any_page_calls_mandatory() -> None:
    """Order, paging and dates always stand in the request, and are the same for each page of a walk."""
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server, session(server.url) as loyalty:
        await loyalty.transactions(WALLET, since=datetime(2026, 1, 31, tzinfo=UTC)).collect()
        info, page = (json.loads(exchange.body or b"") for exchange in server.seen)
    assert info == {"wallet_number": WALLET}
    end = datetime.fromisoformat(page.pop("end_date"))
    assert DAY - timedelta(minutes=1) < end - datetime.now(UTC) <= DAY
    assert page == {
        "wallet_id": "6118170317107163101",
        "start_date": "2026-01-31T00:00:00Z",
        "page_size": 20,
        "page_index": 0,
        "order_column": "CreatedDateUtc",
        "order_by": "desc",
    }


async def test_a_known_wallet_id_saves_the_look_up() -> None:
    """The id from a receipt is as good as the one looked up."""
    api = stand_in()
    newest_first = book(api, 3)
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        receipt = await credit(loyalty)
        assert (await ids(loyalty, wallet_id=receipt.wallet.id))[1:] == newest_first
        assert sandbox.observed.requests["wallet"] == 0


async def test_an_unknown_wallet_is_no_empty_history() -> None:
    """The look-up tells: a filter on a wallet that is not there would find nothing, and say nothing."""
    async with Sandbox(stand_in()) as sandbox, session(sandbox.url) as loyalty:
        with pytest.raises(NotFoundError):
            await loyalty.transactions("LYT_9").collect()
        assert await loyalty.transactions("LYT_9", wallet_id="9").collect() == []


async def check_old_rows() -> None:
    api = stand_in()
    now = datetime.now(UTC)
    old = book(api, 25, created_at=now - 400 * DAY)
    new = book(api, 1)
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        assert await ids(loyalty) == new + old
        assert await ids(loyalty, since=now - DAY) == new
        assert await ids(loyalty, until=now - DAY) == old
        assert await ids(loyalty, since=now - 500 * DAY, until=now - 399 * DAY, limit=21) == old[:21]


async def test_rows_older_than_three_days_are_read() -> None:
    """Sipay's default window would cut the history; `since` and `until` bound it only where the caller says so."""
    await check_old_rows()


async def test_sabotage_without_dates_old_rows_are_silently_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check fails for a request that leaves the dates to the provider."""
    make = loyalty_async.wire._post

    def undated(operation: str, target: str, fields: dict[str, Any], **options: Any) -> Any:
        return make(operation, target, {name: fields[name] for name in fields if "_date" not in name}, **options)

    monkeypatch.setattr(loyalty_async.wire, "_post", undated)
    with pytest.raises(AssertionError):
        await check_old_rows()


async def check_fast_clock() -> None:
    api = stand_in()
    ahead = book(api, 1, created_at=datetime.now(UTC) + timedelta(minutes=10))
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        assert await ids(loyalty) == ahead


async def test_a_clock_behind_sipays_hides_no_row() -> None:
    """What was booked ten minutes ahead of this machine's time is read."""
    await check_fast_clock()


async def test_sabotage_an_end_at_this_machines_time_hides_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check fails where `end_date` is just now."""
    monkeypatch.setattr(loyalty_async.history, "SKEW", timedelta())
    with pytest.raises(AssertionError):
        await check_fast_clock()


async def check_arrivals() -> None:
    api = stand_in()
    there = book(api, 90)
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        sandbox.faults.add(Fault("arrivals", rows=7))
        found = await ids(loyalty)
        assert len(set(found)) == len(found)
        assert [row for row in found if row in set(there)] == there


async def test_rows_that_arrive_meanwhile_neither_repeat_nor_hide_others() -> None:
    """Seven new rows after each page: each row that was there comes just once, in order."""
    await check_arrivals()


async def test_sabotage_a_reader_that_drops_no_repeats_gives_rows_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check fails for a walk that takes each page as it comes."""
    unknown = Walk._unknown
    monkeypatch.setattr(Walk, "_unknown", lambda self, rows, left: (unknown(self, rows, left), tuple(rows))[1])
    with pytest.raises(AssertionError):
        await check_arrivals()


async def test_a_walk_goes_on_from_its_checkpoint_though_rows_arrived() -> None:
    """In another session, on another day: the rest of the rows, no more and no less."""
    api = stand_in()
    there = book(api, 50)
    async with Sandbox(api) as sandbox:
        async with session(sandbox.url) as loyalty:
            pager = loyalty.transactions(WALLET)
            first = [row.transaction_id for row in await pager.collect(limit=25)]
            place = str(pager.checkpoint)
        book(api, 30)
        async with session(sandbox.url) as loyalty:
            assert first + await ids(loyalty, resume=place) == there


class _Lenient(LoyaltyApi):
    """Counts pages from 1 and takes 0 for 1 too, as a careless server may."""

    def answer(self, request: Request) -> Answer:
        body = request.body.replace(b'"page_index":0', b'"page_index":1')
        return super().answer(Request(method=request.method, path=request.path, segments=None, body=body))


async def check_wrong_base() -> None:
    api = _Lenient(first_page_index=1)
    api.add_wallet(WALLET)
    book(api, 45)
    async with Sandbox(api) as sandbox:
        async with session(sandbox.url) as loyalty:
            with pytest.raises(DecodeError, match="make the session with first_page_index=1"):
                await ids(loyalty)
        async with session(sandbox.url, first_page_index=1) as loyalty:
            assert len(await ids(loyalty)) == 45


async def test_two_first_pages_that_are_alike_are_reported() -> None:
    """A provider that counts from 1 would otherwise end the history after twenty rows without a word."""
    await check_wrong_base()


async def test_sabotage_without_the_check_of_the_base_a_history_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check fails where alike pages pass for the end of the history."""

    async def pass_over(self: Any, ids: list[str]) -> None:
        pass

    monkeypatch.setattr(loyalty_async.history.History, "_check_base", pass_over)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await check_wrong_base()


async def test_a_page_worth_of_arrivals_is_no_wrong_base() -> None:
    """Twenty rows that arrive between the two first pages make them alike too, and are told apart."""
    api = stand_in()
    there = book(api, 45)
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        sandbox.faults.add(Fault("arrivals", rows=20, nth=1))
        assert await ids(loyalty) == there


async def test_an_index_that_is_refused_is_a_clear_error() -> None:
    """A provider that counts from 1 and refuses 0 says so itself."""
    async with Sandbox(stand_in(first_page_index=1)) as sandbox, session(sandbox.url) as loyalty:
        with pytest.raises(RefusedError, match="Page Index"):
            await ids(loyalty)


class _Unfiltered(LoyaltyApi):
    """Does not know the filter `wallet_id`, and so gives the rows of everybody."""

    def answer(self, request: Request) -> Answer:
        body = request.body.replace(b'"wallet_id":', b'"walletId":')
        return super().answer(Request(method=request.method, path=request.path, segments=None, body=body))


async def check_foreign_rows() -> None:
    api = _Unfiltered()
    for number in (WALLET, OTHER):
        api.add_wallet(number)
        book(api, 3, wallet=number)
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        with pytest.raises(DecodeError, match="rows of other wallets"):
            await ids(loyalty)


async def test_rows_of_other_wallets_are_never_passed_on() -> None:
    """A provider that ignores the filter is found out, not believed."""
    await check_foreign_rows()


async def test_sabotage_a_reader_that_believes_the_filter_mixes_wallets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check fails where rows are not compared with the wallet."""
    monkeypatch.setattr(loyalty_async.wire, "is_of", lambda *_: True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await check_foreign_rows()


@pytest.mark.parametrize("paged", [False, True])
async def test_scan_reads_numbers_and_pairs_and_one_failure_harms_no_other(paged: bool) -> None:
    """A pair saves the look-up; an unknown wallet and a key that is none give one `Failed` each."""
    api = stand_in()
    there = {WALLET: book(api, 45), OTHER: book(api, 5, wallet=OTHER)}
    pair = (OTHER, api.ledger.wallet(OTHER).extra["id"])
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        scan = loyalty.scan_pages if paged else loyalty.scan
        found: dict[Any, list[str]] = {}
        async for result in scan([WALLET, "LYT_9", pair, 7], concurrency=2):
            match result:
                case Done(item=wallet, value=value):
                    rows = value.items if paged else value
                    found.setdefault(wallet, []).extend(row.transaction_id for row in rows)
                case Failed(item=wallet, error=error):
                    found[wallet] = [type(error).__name__]
        assert found == {
            WALLET: there[WALLET],
            "LYT_9": ["NotFoundError"],
            pair: there[OTHER],
            7: ["InvalidInputError"],
        }
        assert sandbox.observed.requests["wallet"] == 2
