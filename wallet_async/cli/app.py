"""The command tree, and how every command ends."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import entry_points

from cyclopts import App, CycloptsError

from wallet_async import __version__
from wallet_async.cli.console import StandardOutput
from wallet_async.cli.demo import demo
from wallet_async.cli.exits import EXIT_CODES, Exit, OutputError, error_line, exit_code, without_password
from wallet_async.cli.reconcile import reconcile
from wallet_async.cli.sandbox import sandbox
from wallet_async.provider import GROUP, load_provider

_HELP = f"""Credits, debits and histories of wallets.

Start with `wallet-async demo`. Credentials come from the environment or from --env-file, never from an argument.

{EXIT_CODES}"""


def run(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name; give its exit code."""
    if sys.stdout is None:  # closed by the shell, with >&-
        return _fail("there is no standard output to write to", Exit.USAGE)
    try:
        result = build(arguments)(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        return _fail(_usage(error), Exit.USAGE)
    except BrokenPipeError:
        _forget_output()
        return Exit.PIPE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place that can say what went wrong
        if "--debug" in arguments:
            traceback.print_exception(error)
        if isinstance(error, OSError | OutputError):
            _forget_output()
        return _fail(error_line(error), exit_code(error))
    return result if isinstance(result, int) else Exit.OK


def _forget_output() -> None:
    """Let what could not be written go nowhere: Python tries once more at its end, and would complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build(arguments: Sequence[str]) -> App:
    """Make the command tree; of the providers only the one that *arguments* name is loaded."""
    app = App(
        console=StandardOutput(),
        name="wallet-async",
        help=_HELP,
        help_format="plaintext",
        version=__version__,
        suppress_keyboard_interrupt=False,
    )
    app.command(demo, help_format="markdown")
    app.command(sandbox, help_format="markdown")
    app.command(_journal(arguments))
    app.command(_apply(arguments))
    app.command(reconcile, help_format="markdown")
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        group = App(name=entry.name, help_format="markdown", help=f"Wallets at {entry.name}: credit, debit, read.")
        if entry.name in arguments[:1]:
            from wallet_async.cli.commands import commands

            for name, command in commands(load_provider(entry.name)).items():
                group.command(command, name=name)
        app.command(group)
    return app


def _journal(arguments: Sequence[str]) -> App:
    """Make the group of the journal's commands, which are loaded only if one of them is meant."""
    group = App(name="journal", help_format="markdown", help="The journal: make it, read it, settle what is in doubt.")
    if "journal" in arguments[:1]:
        from wallet_async.cli.journal import COMMANDS

        for name, command in COMMANDS.items():
            group.command(command, name=name)
    return group


def _apply(arguments: Sequence[str]) -> App:
    """Make the command that applies a plan, which is loaded only if it is meant."""
    if "apply" not in arguments[:1]:
        return App(name="apply", help="Book the movements of a plan, each once for its reference.")
    from wallet_async.cli.apply import apply

    command = App(name="apply", help_format="markdown")
    command.default(apply)
    return command


def _usage(error: CycloptsError) -> str:
    chain = " ".join(["wallet-async", *(error.command_chain or ())])
    return f"{str(error).rstrip(' .,')}; see `{chain} --help`"


def _fail(line: str, code: Exit) -> int:
    # cyclopts repeats a word it did not expect, and that may be the URL of a journal.
    line = without_password(line)
    print(line if code is Exit.INTERRUPTED else f"error: {line}", file=sys.stderr)
    return code
