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
    """Give numbers and times readers of their own: cyclopts's let Decimal's error through, and leave out the zone."""
    hint = parameter.annotation
    for kind, (read, example) in _READERS.items():
        if hint in (kind, kind | None):
            convert = _converter(parameter.name, read, example)
            return parameter.replace(annotation=Annotated[hint, Parameter(converter=convert)])
    return parameter


def _converter(name: str, read: Callable[[str], Any], example: str) -> Callable[[Any, Sequence[Token]], Any]:
    def convert(_: Any, tokens: Sequence[Token]) -> Any:
        text = tokens[0].value
        try:
            return read(text)
        except (ValueError, InvalidOperation):
            # cyclopts names an option in front of this, and a positional argument not.
            subject = "" if tokens[0].keyword else f"{name} "
            raise ValueError(f"{subject}must be {example}, not {text!r}") from None

    return convert


def _moment(text: str) -> datetime:
    """Read a time; one without a zone is meant as the clock on the wall shows it, which is how tables print times."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()


def _number(text: str) -> Decimal:
    """Read a number; where pydantic is loaded, cyclopts would explain NaN in its words, over three lines."""
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("not finite")
    return number


_READERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    Decimal: (_number, "a number such as 20 or 12.50"),
    datetime: (_moment, "a time such as 2026-01-31 or 2026-01-31T09:30:00Z"),
}
MOMENT = Parameter(converter=_converter("", *_READERS[datetime]))
"""Reads an option that is a time."""
