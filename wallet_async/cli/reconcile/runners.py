"""Who reads the provider's side: this process, several of them, or a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from wallet_async.cli.call import make_session
from wallet_async.cli.options import Options
from wallet_async.cli.reconcile.options import Asked
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.limits import Limits
from wallet_async.engine.session import WalletSession
from wallet_async.provider import Provider
from wallet_async.reconcile import Runner


@asynccontextmanager
async def runner_of(
    asked: Asked, provider: Provider, environ: Mapping[str, str]
) -> AsyncIterator[WalletSession | Runner]:
    """Open what reads, and close it at the end.

    Raises:
        InvalidInputError: Two ways are asked for, or a setting does not fit.
    """
    work, settings = asked.work, asked.settings
    if work.dask is not None and work.processes > 1:
        raise InvalidInputError("--dask and --processes exclude each other: the cluster has processes of its own")
    if work.pace is not None and work.rate is None:
        raise InvalidInputError("--pace shares a rate: say which with --rate")
    options = Options(env_file=settings.env_file, timeout=settings.timeout, debug=settings.debug)
    limits = Limits(rate=work.rate, max_in_flight=work.concurrency)
    async with make_session(provider, options, None, limits=limits) as session:
        yield session
