"""Plain JSON values to frozen attrs objects, through cattrs with strict hooks: fast when right, telling when wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin

import attrs

from wallet_async.engine import codec
from wallet_async.engine.errors import DecodeError

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

HOOKS: dict[Any, Callable[[object], Any]] = {
    str: codec.as_text,
    bool: codec.as_flag,
    int: codec.as_whole,
    Decimal: codec.as_decimal,
    datetime: codec.as_timestamp,
    int | Decimal: codec.as_number,
    int | Decimal | None: codec.as_number_or_none,
    datetime | None: codec.as_timestamp_or_unset,
}
"""What takes the JSON value of a field, by the field's type."""

_AS_IT_IS: dict[Any, str] = {
    codec.as_text: "str",
    codec.as_text_or_empty: "str",
    codec.as_flag: "bool",
    codec.as_whole: "int",
    codec.as_number: "int",
    codec.as_number_or_none: "int",
    codec.as_decimal: "Decimal",
}
"""What each of these functions gives back as it came: a value of just this type."""


@cache
def _converter(detailed: bool) -> Converter:
    # Imported at first use: cattrs takes longer to import than all of this project.
    from cattrs import Converter  # noqa: PLC0415 - see above
    from cattrs.cols import list_structure_factory  # noqa: PLC0415 - see above
    from cattrs.gen import make_dict_structure_fn, override  # noqa: PLC0415 - see above

    def explaining(kind: Any) -> Callable[[Any, Any], Any]:
        takes = {field.name: field.metadata.get("take") for field in attrs.fields(kind)}
        overrides = {name: override(struct_hook=_hook(take)) for name, take in takes.items() if take}
        return make_dict_structure_fn(kind, converter, **overrides)  # type: ignore[arg-type]

    converter = Converter(detailed_validation=detailed)
    build = explaining if detailed else lambda kind: _generate_builder(kind, converter)
    # Both factories take any iterable or mapping-like value; an answer `{}` must not pass for an empty list.
    converter.register_structure_hook_factory(attrs.has, lambda kind: _only(dict, "an object", build(kind)))
    converter.register_structure_hook_factory(
        _is_list,
        lambda kind: _only(list, "a list", list_structure_factory(kind, converter)),
    )
    for kind, take in HOOKS.items():
        # By class, since cattrs' own converting hooks of `str`, `int` and `bool` come before any predicate.
        if isinstance(kind, type):
            converter.register_structure_hook(kind, _hook(take))
        else:
            converter.register_structure_hook_func(
                lambda asked, kind=kind: asked == kind,  # type: ignore[misc]
                _hook(take),
            )
    return converter


def _generate_builder(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Generate the function that makes a *kind*, which has no validators, from a dict: what cattrs does, in less time.

    It tests types in place and fills the slots, where the ``__init__`` of a frozen class would go through
    `object.__setattr__`.
    """
    names: dict[str, Any] = {"make": object.__new__, "kind": kind, "missing": attrs.NOTHING, "Decimal": Decimal}
    lines = ["def build(found, _kind):", " new, get = make(kind), found.get"]
    for field in attrs.fields(attrs.resolve_types(kind)):
        name, default = field.name, field.default
        take, nullable = _take_of(field, converter)
        names |= {f"set_{name}": getattr(kind, name).__set__, f"take_{name}": take}
        value = ("None if _{0} is None else " if nullable else "").format(name) + taken(name, take)
        if default is attrs.NOTHING:
            lines.append(f" _{name} = found[{name!r}]")
        else:
            lines.append(f" _{name} = get({name!r}, missing)")
            made = isinstance(default, attrs.Factory)  # type: ignore[arg-type]
            names[f"default_{name}"] = default.factory if made else default
            value = f"default_{name}{'()' if made else ''} if _{name} is missing else {value}"
        lines.append(f" set_{name}(new, {value})")
    exec("\n".join([*lines, " return new"]), names)  # noqa: S102 - made of our own fields' names
    build: Callable[[Any, Any], Any] = names["build"]
    return build


def taken(name: str, take: Callable[[Any], Any]) -> str:
    """Give the code that takes the value ``_name`` by ``take_name``: its type is tested in place if that is all."""
    call, kind = f"take_{name}(_{name})", _AS_IT_IS.get(take)
    return f"_{name} if type(_{name}) is {kind} else {call}" if kind else call


def _take_of(field: Any, converter: Converter) -> tuple[Callable[[Any], Any], bool]:
    """Give the function that takes the JSON value of *field*, and whether it may be null besides."""
    if take := field.metadata.get("take") or HOOKS.get(field.type):
        return take, False
    inner, *others = [part for part in get_args(field.type) if part is not NoneType] or [None]
    if inner in HOOKS and not others:
        return HOOKS[inner], True
    hook = converter.get_structure_hook(field.type)
    return lambda value: hook(value, field.type), False


def _hook(take: Callable[[object], Any]) -> Callable[[object, Any], Any]:
    return lambda value, _: take(value)


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
