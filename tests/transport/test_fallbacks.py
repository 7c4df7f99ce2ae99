"""Which transport a session uses, and that `statistics()` says so."""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import warnings
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from rehook_async import RehookSession
from tests.faults.providers import CLIENTS, CUSTOMER
from tests.kit import CommitServer, good, no_leaks
from wallet_async.engine.transport import inside

DIRECT, SESSION = "direct", "aiohttp.ClientSession"
WALLETS = [{"wallet_id": "waty_1"}]
ANYTHING = re.compile(".*")


def used(session: RehookSession) -> str:
    """Say which transport a session uses."""
    return session.statistics().transport


async def test_by_default_it_is_the_direct_one() -> None:
    """A session of its own goes straight over connections; before it is opened it says nothing else."""
    async with CommitServer(good()) as server, no_leaks(), RehookSession("k", "s", base_url=server.url) as rehook:
        assert await rehook.wallets(CUSTOMER)
        assert used(rehook) == DIRECT


async def test_the_callers_session_is_used() -> None:
    """With ``http=`` everything goes through the caller's session, whose trace hooks and middlewares see it."""
    seen: list[str] = []

    async def note(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        seen.append(request.method)
        return await handler(request)

    async with (
        CommitServer(good()) as server,
        aiohttp.ClientSession(middlewares=[note]) as http,
        RehookSession("k", "s", base_url=server.url, http=http) as rehook,
    ):
        assert await rehook.wallets(CUSTOMER)
        assert used(rehook) == SESSION
    assert seen == ["GET"]


async def instrumented(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what trace hooks saw that were put into every session, as OpenTelemetry and Sentry do."""
    seen: list[str] = []

    async def note(session: Any, context: Any, params: aiohttp.TraceRequestStartParams) -> None:
        seen.append(params.method)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(note)
    make = aiohttp.ClientSession.__init__

    @functools.wraps(make)
    def init(self: aiohttp.ClientSession, *args: Any, **options: Any) -> None:
        make(self, *args, **options | {"trace_configs": [trace]})

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", init)
    async with CommitServer(good()) as server, RehookSession("k", "s", base_url=server.url) as rehook:
        assert await rehook.wallets(CUSTOMER)
        assert used(rehook) == SESSION, "not through the instrumented session"
    return seen


async def test_trace_configurations_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever instruments aiohttp's sessions sees our requests."""
    assert await instrumented(monkeypatch) == ["GET"]


async def test_twin_trace_configurations_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice that does not look at them is found out."""
    monkeypatch.setattr(aiohttp.ClientSession, "trace_configs", [])
    with pytest.raises(AssertionError, match="not through the instrumented session"):
        await instrumented(monkeypatch)


async def test_aioresponses_before_and_after_opening() -> None:
    """While aioresponses is at work it answers, whenever the session was opened; afterwards all is direct again."""
    async with CommitServer(good()) as server, no_leaks():
        with aioresponses() as mocked:
            mocked.get(ANYTHING, payload=WALLETS, repeat=True)
            async with RehookSession("k", "s", base_url=server.url) as early:
                assert [wallet.wallet_id for wallet in await early.wallets(CUSTOMER)] == ["waty_1"]
                assert used(early) == SESSION
        async with RehookSession("k", "s", base_url=server.url) as late:
            assert await late.wallets(CUSTOMER)
            assert used(late) == DIRECT
            with aioresponses() as mocked:
                mocked.get(ANYTHING, payload=WALLETS)
                assert [wallet.wallet_id for wallet in await late.wallets(CUSTOMER)] == ["waty_1"]
                assert used(late) == SESSION
            assert await late.wallets(CUSTOMER)
            assert used(late) == DIRECT
    assert len(server.seen) == 2


class Disguised:
    """A wrapper that looks like what it wraps in every way, as those of wrapt do."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._wrapped)

    def __get__(self, session: Any, owner: Any = None) -> Any:
        return self if session is None else functools.partial(self, session)

    def __call__(self, *args: Any, **options: Any) -> Any:
        seen.append(args[1])
        return self._wrapped(*args, **options)


seen: list[str] = []


def wrapped(own: Any) -> Any:
    """Wrap as VCR.py does."""

    @functools.wraps(own)
    async def request(self: aiohttp.ClientSession, method: str, url: Any, **options: Any) -> Any:
        seen.append(method)
        return await own(self, method, url, **options)

    return request


PATCHES = {"wraps": wrapped, "disguised": Disguised}


async def patched(patch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a request before, while and after `ClientSession._request` is patched.

    Raises:
        AssertionError: The patch saw nothing.
    """
    seen.clear()
    async with CommitServer(good()) as server, RehookSession("k", "s", base_url=server.url) as rehook:
        await rehook.wallets(CUSTOMER)
        with monkeypatch.context() as here:
            here.setattr(aiohttp.ClientSession, "_request", patch(aiohttp.ClientSession._request))
            await rehook.wallets(CUSTOMER)
            assert (used(rehook), seen) == (SESSION, ["GET"]), "the patch saw nothing"
        await rehook.wallets(CUSTOMER)
        assert (used(rehook), seen) == (DIRECT, ["GET"])


@pytest.mark.parametrize("name", PATCHES)
async def test_a_patched_request_is_respected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever takes the place of `ClientSession._request` gets the requests, however well it hides."""
    await patched(PATCHES[name], monkeypatch)


async def test_twin_patch_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that does not look is found out."""
    monkeypatch.setattr(inside, "is_patched", lambda: False)
    with pytest.raises(AssertionError, match="the patch saw nothing"):
        await patched(wrapped, monkeypatch)


async def test_patched_before_opening_is_no_change_of_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch that takes any arguments is a patch, not another aiohttp: no warning."""
    own = aiohttp.ClientSession._request

    async def request(*args: Any, **options: Any) -> Any:
        return await own(*args, **options)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", request)
    async with CommitServer(good()) as server, RehookSession("k", "s", base_url=server.url) as rehook:
        await rehook.wallets(CUSTOMER)
        assert used(rehook) == SESSION


def take_away(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove what *name* stands for in `inside._USED` from aiohttp."""
    module_name, _, path = name.partition(":")
    module = importlib.import_module(module_name)
    if module is aiohttp or "." not in path:
        monkeypatch.delattr(f"{module_name}.{path}")
        return
    # What is inherited or built in cannot be deleted: another class takes the place.
    kind, _, last = path.partition(".")
    rest = {key: value for key, value in inspect.getmembers(getattr(module, kind)) if key != last and key[0] != "_"}
    monkeypatch.setattr(module, kind, type(kind, (), rest))


@pytest.mark.parametrize("name", inside._USED)
async def test_another_aiohttp(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one thing is missing that the direct transport needs: one warning that names it, and `ClientSession`."""
    with warnings.catch_warnings(record=True) as caught, monkeypatch.context() as here:
        warnings.simplefilter("always")
        take_away(name, here)
        async with RehookSession("k", "s", base_url="http://127.0.0.1:9") as rehook:
            transport = used(rehook)
    assert transport == SESSION
    [warning] = [warning for warning in caught if issubclass(warning.category, RuntimeWarning)]
    assert name in str(warning.message)
    assert aiohttp.__version__ in str(warning.message)


@pytest.mark.parametrize("name", [name for name, arguments in inside._USED.items() if arguments])
def test_other_arguments(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where it takes other arguments; one that takes any will do, since instrumentation wraps so."""
    monkeypatch.setattr(name.replace(":", "."), lambda something: None)
    assert name in str(inside.missing())
    monkeypatch.setattr(name.replace(":", "."), lambda *args, **options: None)
    assert inside.missing() is None


async def test_calls_work_without_the_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the warning given, reads and writes work as ever."""
    client = CLIENTS["rehook"]
    monkeypatch.setitem(inside._USED, "aiohttp:nothing_of_this_name", ())
    async with CommitServer(good()) as server, no_leaks():
        with pytest.warns(RuntimeWarning, match="nothing_of_this_name"):
            session = await client.session(server.url).__aenter__()
        assert await client.read(session)
        assert await client.write(session)
        await session.aclose()
    assert server.commits == {"PUT": 1}
