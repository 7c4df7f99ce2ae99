"""Plain JSON values to frozen attrs objects, through cattrs with strict hooks: fast when right, telling when wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_origin

import attrs

from wallet_async.engine import codec
from wallet_async.engine.errors import DecodeError

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

_HOOKS: dict[Any, Callable[[object], Any]] = {
    str: codec.as_text,
    bool: codec.as_flag,
    int: codec.as_whole,
    Decimal: codec.as_decimal,
    datetime: codec.as_timestamp,
    int | Decimal: codec.as_number,
    int | Decimal | None: codec.as_number_or_none,
    datetime | None: codec.as_timestamp_or_unset,
}

_AS_IT_IS: dict[Any, str] = {
    codec.as_text: "str",
    codec.as_text_or_empty: "str",
    codec.as_flag: "bool",
    codec.as_whole: "int",
    codec.as_number: "int",
    codec.as_number_or_none: "int",
}
"""What each of these functions gives back as it came: a value of just this type."""


@cache
def _converter(detailed: bool) -> Converter:
    # Imported at first use: cattrs takes longer to import than all of this project.
    from cattrs import Converter  # noqa: PLC0415 - see above
    from cattrs.cols import list_structure_factory  # noqa: PLC0415 - see above
    from cattrs.gen import make_dict_structure_fn, override  # noqa: PLC0415 - see above

    def overrides(kind: Any) -> dict[str, Any]:
        takes = {field.name: field.metadata.get("take") for field in attrs.fields(kind)}
        return {name: override(struct_hook=_hook(take)) for name, take in takes.items() if take}

    def object_hook(kind: Any) -> Callable[[Any, Any], Any]:
        quick = None if detailed else _quick_hook(kind)
        # Both factories take any iterable or mapping-like value; an answer `{}` must not pass for an empty list.
        return quick or _only(dict, "an object", make_dict_structure_fn(kind, converter, **overrides(kind)))

    converter = Converter(detailed_validation=detailed)
    converter.register_structure_hook_factory(attrs.has, object_hook)
    converter.register_structure_hook_factory(
        _is_list,
        lambda kind: _only(list, "a list", list_structure_factory(kind, converter)),
    )
    for kind, take in _HOOKS.items():
        # By class, since cattrs' own converting hooks of `str`, `int` and `bool` come before any predicate.
        if isinstance(kind, type):
            converter.register_structure_hook(kind, _hook(take))
        else:
            converter.register_structure_hook_func(
                lambda asked, kind=kind: asked == kind,  # type: ignore[misc]
                _hook(take),
            )
    return converter


def _hook(take: Callable[[object], Any]) -> Callable[[object, Any], Any]:
    return lambda value, _: take(value)


def _quick_hook(kind: Any) -> Callable[[Any, Any], Any] | None:
    """Generate what makes a *kind* of a JSON object, or give None if a field needs more than a function of its value.

    cattrs calls a function a field, and a frozen class's ``__init__`` sets each through `object.__setattr__`: together
    two thirds of what a page took. This one tests types in place and fills the slots. What it cannot take as it is, it
    gives to the field's own function, so it accepts just what the detailed way accepts.
    """
    fields = attrs.fields(attrs.resolve_types(kind))
    takes = {field.name: field.metadata.get("take") or _HOOKS.get(field.type) for field in fields}
    if not all(takes.values()) or any(field.validator or field.converter for field in fields):
        return None
    if any(isinstance(field.default, attrs.Factory) for field in fields):  # type: ignore[arg-type]
        return None
    names: dict[str, Any] = {"kind": kind, "make": object.__new__, "missing": object()}
    lines = ["def structure(row, _):", "    if type(row) is not dict: raise TypeError", "    new = make(kind)"]
    moment = None
    for field in fields:
        name, take = field.name, takes[field.name]
        names |= {f"set_{name}": getattr(kind, name).__set__, f"take_{name}": take, f"default_{name}": field.default}
        value = f"take_{name}(_{name})"
        if take in _AS_IT_IS:
            value = f"_{name} if type(_{name}) is {_AS_IT_IS[take]} else {value}"
        elif take is codec.as_timestamp and moment:
            # A row that was never changed has the same text twice.
            value = f"new.{moment} if _{name} == _{moment} else {value}"
        if field.default is attrs.NOTHING:
            lines += [f"    _{name} = row[{name!r}]", f"    set_{name}(new, {value})"]
            moment = name if take is codec.as_timestamp else moment
        else:
            lines.append(f"    _{name} = row.get({name!r}, missing)")
            lines.append(f"    set_{name}(new, default_{name} if _{name} is missing else {value})")
    exec("\n".join([*lines, "    return new"]), names)  # noqa: S102 - made of our fields' names, as attrs does it
    hook: Callable[[Any, Any], Any] = names["structure"]
    return hook


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list


def _only(container: type, name: str, hook: Callable[[Any, Any], T]) -> Callable[[Any, Any], T]:
    def strict(value: object, kind: Any) -> T:
        if type(value) is not container:
            raise TypeError(f"expected {name}, got {codec.describe(value)}")
        return hook(value, kind)

    return strict


class Decoder(Generic[T]):
    """Turns a JSON value into a `T`, a class of frozen attrs fields or a list of one.

    A field's ``metadata={"take": function}`` names a function that takes its JSON value in place of its type's.
    """

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._hook: Callable[[Any, Any], T] | None = None

    def __call__(self, value: object) -> T:
        """Structure *value*.

        Raises:
            DecodeError: It does not fit; ``path`` says where, such as ``$[3].points``.
        """
        hook = self._hook or self.prepare()
        try:
            return hook(value, self._kind)
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError):
            raise self._explain(value) from None

    def prepare(self) -> Callable[[Any, Any], T]:
        """Generate the code ahead of the first use."""
        self._hook = _converter(detailed=False).get_structure_hook(self._kind)
        return self._hook

    def _explain(self, value: object) -> DecodeError:
        """Go the slow way once more to say which field of which row is wrong."""
        from cattrs import ClassValidationError, IterableValidationError, transform_error  # noqa: PLC0415 - as above

        try:
            _converter(detailed=True).structure(value, self._kind)
        except (ClassValidationError, IterableValidationError) as error:
            first = transform_error(error, path="$", format_exception=_plain)[0]
            message, _, path = first.rpartition(" @ ")
            return DecodeError(f"{message} at {path}", path=path)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            return DecodeError(f"{_plain(error, None)} at $")
        return DecodeError("the answer does not fit")


def _plain(error: BaseException, _kind: type | None) -> str:
    if isinstance(error, KeyError):
        return f"field {error.args[0]!r} is missing"
    return str(error)
