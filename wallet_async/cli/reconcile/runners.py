"""Who reads the provider's side: this process, several of them, or a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from math import ceil

from wallet_async.cli.call import make_session, timeouts_of
from wallet_async.cli.options import Options
from wallet_async.cli.reconcile.options import Asked, WorkOptions
from wallet_async.engine.limits import Limits
from wallet_async.engine.session import WalletSession
from wallet_async.provider import Provider
from wallet_async.rates import SharedRate
from wallet_async.reconcile import Runner
from wallet_async.reconcile.runners import PACE, Processes


def at_once(work: WorkOptions) -> int:
    """Give the requests under way at once in one process."""
    return ceil(work.concurrency / work.processes)


@asynccontextmanager
async def runner_of(
    asked: Asked, provider: Provider, environ: Mapping[str, str]
) -> AsyncIterator[WalletSession | Runner]:
    """Open what reads, and close it at the end.

    Raises:
        InvalidInputError: A setting does not fit, or an extra is missing.
        ConnectError: The store of a shared rate is out of reach.
    """
    work, settings = asked.work, asked.settings
    pace, timeouts = work.pace or environ.get(PACE), timeouts_of(settings.timeout)
    if work.dask is not None:
        from wallet_async.reconcile.runners.cluster import Cluster

        yield Cluster(provider=provider, address=work.dask, rate=work.rate, timeouts=timeouts)
    elif work.processes > 1:
        shared = {**environ, PACE: pace} if pace else dict(environ)
        yield Processes(provider=provider, count=work.processes, rate=work.rate, timeouts=timeouts, environ=shared)
    else:
        async with AsyncExitStack() as stack:
            limits = Limits(rate=work.rate, max_in_flight=work.concurrency)
            if work.rate is not None and pace:
                rate = await SharedRate.open(pace, name=provider.name, per_second=work.rate)
                limits = Limits(pace=await stack.enter_async_context(rate), max_in_flight=work.concurrency)
            options = Options(env_file=settings.env_file, timeout=settings.timeout, debug=settings.debug)
            yield await stack.enter_async_context(make_session(provider, options, None, limits=limits))
