"""``resolve`` and ``audit``: what the provider's history says of the journal's entries."""

from __future__ import annotations

import sys
from typing import Annotated

from attrs import define, field, frozen
from cyclopts import Parameter

from wallet_async.cli import logs
from wallet_async.cli.call import make_session
from wallet_async.cli.exits import CommandError, Exit, error_line, exit_code
from wallet_async.cli.journal.options import DEFAULTS, JournalOptions, Options, Url, journal_url, writer
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.options import Options as CallOptions
from wallet_async.cli.running import run
from wallet_async.cli.sandbox import Flag
from wallet_async.engine.errors import WalletError
from wallet_async.engine.events import AttemptEvent, DoubledEvent, Event, PersonNeededEvent, SettledEvent
from wallet_async.engine.session import WalletSession
from wallet_async.journal import Journal, JournalError, Settling
from wallet_async.journal.resolver import Resolver
from wallet_async.journal.settling import LOOKS
from wallet_async.provider import load_provider

_USUAL = Settling()


@frozen(kw_only=True)
class Believed:
    """What is believed of the provider: as the application's own `Settling` says."""

    commit_within: Annotated[
        float, Parameter(help="Seconds in which the provider books or drops a request that was given up.")
    ] = _USUAL.commit_within
    shown_within: Annotated[float, Parameter(help="Seconds in which its history shows a row.")] = _USUAL.shown_within
    every: Annotated[float, Parameter(help="Seconds between two looks.")] = _USUAL.every
    retention: Annotated[
        float | None, Parameter(help="Seconds for which the history keeps a row; left out, for ever.")
    ] = _USUAL.retention

    def settling(self) -> Settling:
        """Give it as the journal takes it.

        Raises:
            InvalidInputError: A value does not fit.
        """
        return Settling(
            commit_within=self.commit_within,
            shown_within=self.shown_within,
            every=self.every,
            retention=self.retention,
        )


@frozen(kw_only=True)
class Finding:
    """What the history says of one reference."""

    service: str
    reference: str
    finding: str
    """What it is now: ``applied``, ``not_applied``, ``in_doubt`` or ``sending``; or ``doubled``, or ``person``: one has
    to look."""
    reason: str | None


@define
class _Heard:
    """Keeps what a session tells, until it is written: a listener must not fail, and writing may."""

    news: list[Finding] = field(factory=list)
    told: set[Finding] = field(factory=set)
    in_doubt: int = 0
    """Entries that are left in doubt."""
    failure: WalletError | None = None
    """Of the last request that failed: the reason why a history was not read, if one was not."""

    def __call__(self, event: Event) -> None:
        match event:
            case AttemptEvent():
                self.failure = event.error or self.failure
            case SettledEvent():
                self._hear(event.service, event.reference, event.state, event.reason)
            case PersonNeededEvent():
                self._hear(event.service, event.reference, "person", event.reason)
            case DoubledEvent():
                rows = ", ".join(event.transaction_ids)
                self._hear(
                    event.service, event.reference, "doubled", f"booked {len(event.transaction_ids)} times: {rows}"
                )

    def _hear(self, service: str, reference: str, finding: str, reason: str | None) -> None:
        made = Finding(service=service, reference=reference, finding=finding, reason=reason)
        if made not in self.told:
            self.told.add(made)
            self.news.append(made)

    def write(self, options: JournalOptions) -> None:
        """Write what is new since the last time.

        Raises:
            OutputError: It could not be written.
        """
        out = writer(Finding, options)
        for finding in self.news:
            out.row(finding)
        self.news.clear()
        out.end()

    def because(self) -> str:
        """Say what a request failed with, if one did."""
        return f"; a request failed: {error_line(self.failure)}" if self.failure else ""


def resolve(
    provider: str,
    url: Url = None,
    /,
    *,
    watch: Flag = False,
    believed: Annotated[Believed, Parameter(name="*")] = Believed(),
    options: Options = DEFAULTS,
) -> None:
    """Settle what is in doubt from the provider's history, and say what became of each. It sends no credit or debit.

    It looks twice, --every seconds apart: that proves that something was not booked, if it is long enough ago. Exit
    code 3 if something is still in doubt then.

    Args:
        provider: Whose movements, such as rehook; its credentials come from the environment or from --env-file.
        watch: Go on until Ctrl-C; exit code 3 if something is in doubt then.
    """
    heard = _Heard()
    session = _session(provider, options, heard)
    work = _resolve(journal_url(url, options), session, believed.settling(), heard, options, watch=watch)
    try:
        run(work)
    except KeyboardInterrupt:
        if not watch or not heard.in_doubt:
            raise
    if heard.in_doubt:
        again = "" if watch else "; run it again later, or with --watch"
        raise CommandError(f"still in doubt: {heard.in_doubt}{again}{heard.because()}", Exit.UNKNOWN)


async def _resolve(
    url: str, session: WalletSession, settling: Settling, heard: _Heard, options: JournalOptions, *, watch: bool
) -> None:
    async with opened(url, settling) as journal, session:
        resolver = journal.resolver(session)
        if watch:
            await _watch(resolver, heard, options)
        for left in reversed(range(LOOKS)):
            if not (await resolver.sweep()).in_doubt or not left:
                break
            await resolver.sleep(settling.every)
        try:
            await _name_those_left(journal, session.service, heard)
        finally:  # what was settled is told, though the journal be damaged
            heard.write(options)


async def _watch(resolver: Resolver, heard: _Heard, options: JournalOptions) -> None:
    """Sweep until cancelled; a journal that is out of reach for a while is no reason to end."""
    while True:
        try:
            heard.in_doubt = (await resolver.sweep()).in_doubt
        except JournalError as error:
            print(f"warning: {error_line(error)}; it is tried again", file=sys.stderr)
        heard.write(options)
        await resolver.sleep(resolver.settling.every)


async def _name_those_left(journal: Journal, service: str, heard: _Heard) -> None:
    """Count what is open, and name what was not told of; also what is just being sent, or was when a process died."""
    asked = {finding.reference for finding in heard.news if finding.finding == "person"}
    heard.in_doubt = 0
    async for entry in journal.entries(service, ["sending", "in_doubt"]):
        heard.in_doubt += 1
        if entry.reference not in asked:
            reason = entry.reason or f"attempt {entry.attempt} is under way, or was when its process ended"
            heard.news.append(Finding(service=service, reference=entry.reference, finding=entry.state, reason=reason))


def audit(
    provider: str,
    url: Url = None,
    /,
    *,
    believed: Annotated[Believed, Parameter(name="*")] = Believed(),
    options: Options = DEFAULTS,
) -> None:
    """Look in the provider's history at every movement that is booked, or proved not to be.

    Exit code 1 if one was booked twice, or after it had been proved absent, or was taken back or out since; 1 or 4 if a
    history could not be read.

    Args:
        provider: Whose movements, such as rehook; its credentials come from the environment or from --env-file.
    """
    heard = _Heard()
    session = _session(provider, options, heard)
    run(_audit(journal_url(url, options), session, believed.settling(), heard, options))


async def _audit(url: str, session: WalletSession, settling: Settling, heard: _Heard, options: JournalOptions) -> None:
    async with opened(url, settling) as journal, session:
        audits = journal.resolver(session).audit
        wrong = await audits.everything()
    heard.write(options)
    if wrong:
        raise CommandError(f"not as they should be: {wrong}; a person has to look at their wallets", Exit.FAILED)
    if audits.unread:
        code = exit_code(heard.failure) if heard.failure else Exit.FAILED
        raise CommandError(
            f"not looked at, since their history could not be read: {audits.unread}{heard.because()}", code
        )


def _session(provider: str, options: JournalOptions, heard: _Heard) -> WalletSession:
    found = load_provider(provider)
    logs.set_up(found.name, debug=options.debug)
    return make_session(found, CallOptions(env_file=options.env_file, debug=options.debug), heard)
