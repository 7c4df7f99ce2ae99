"""A provider's functions as commands: their signatures are the arguments, their docstrings the help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from cyclopts import Parameter, Token

from wallet_async.cli.call import Request, perform
from wallet_async.cli.options import Options
from wallet_async.provider import Provider

_OPTIONS = inspect.Parameter(
    "options", inspect.Parameter.KEYWORD_ONLY, default=Options(), annotation=Annotated[Options, Parameter(name="*")]
)


def commands(provider: Provider) -> dict[str, Callable[..., None]]:
    """Make the commands of *provider*, by name."""
    return {name: _command(provider, name, function) for name, function in provider.commands().items()}


def _command(provider: Provider, name: str, function: Callable[..., Any]) -> Callable[..., None]:
    signature = inspect.signature(function, eval_str=True)
    # The first parameter is the session, which no user passes.
    own = list(signature.parameters.values())[1:]
    inner = signature.replace(parameters=own)

    def command(*args: Any, options: Options = _OPTIONS.default, **kwargs: Any) -> None:
        arguments = inner.bind(*args, **kwargs)
        perform(Request(provider=provider, name=name, function=function, arguments=arguments), options)

    shown = [*map(_readable, own), _OPTIONS]
    command.__name__ = name
    command.__doc__ = function.__doc__
    command.__signature__ = inner.replace(parameters=shown, return_annotation=None)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return command


def _readable(parameter: inspect.Parameter) -> inspect.Parameter:
    """Give numbers and times readers of their own: cyclopts's lets Decimal's error through, and leaves out the zone."""
    hint = parameter.annotation
    reader = next((read for kind, read in _READERS.items() if hint in (kind, kind | None)), None)
    if reader is None:
        return parameter

    def convert(_: Any, tokens: Sequence[Token]) -> Any:
        try:
            return reader(tokens[0].value)
        except (ValueError, InvalidOperation):
            raise ValueError(f"{parameter.name}: {tokens[0].value!r} is no {_EXAMPLES[reader]}") from None

    return parameter.replace(annotation=Annotated[hint, Parameter(converter=convert)])


def _moment(text: str) -> datetime:
    """Read a time; one without a zone is meant as the clock on the wall shows it, which is how tables print times."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()


_READERS: dict[Any, Callable[[str], Any]] = {Decimal: Decimal, datetime: _moment}
_EXAMPLES: dict[Any, str] = {Decimal: "number such as 20 or 12.50", _moment: "time such as 2026-01-31T09:30:00Z"}
