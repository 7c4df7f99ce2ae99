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

    converter = Converter(detailed_validation=detailed)
    # Both factories take any iterable or mapping-like value; an answer `{}` must not pass for an empty list.
    converter.register_structure_hook_factory(
        attrs.has, lambda kind: _only(dict, "an object", make_dict_structure_fn(kind, converter, **overrides(kind)))
    )
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


class RowReader(Generic[T]):
    """Reads a JSON list of rows straight into objects: half the time of `loads` and `Decoder`, for the usual page only.

    Usual is a row that has just the fields of the class, in their order, each of a type that needs no explanation.
    For anything else there is the long way, which accepts more and says what is wrong.

    For the usual row one function is generated, as attrs and cattrs do it. It gets a row's names and values from the
    JSON scanner before a dict is made of them, tests types in place and fills the slots, where the ``__init__`` of a
    frozen class would go through `object.__setattr__`. A repeated name cannot slip through: the names are compared.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kinds = {kind}
        self._decoder = codec.decoder(_generate(kind))

    def __call__(self, body: bytes) -> list[T] | None:
        """Give the rows in *body*, or None if it is not a list of usual rows."""
        try:
            rows = self._decoder.decode(body.decode("utf-8"))
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return None
        return rows if type(rows) is list and set(map(type, rows)) == self._kinds else None


def _generate(kind: Any) -> Callable[[list[tuple[str, Any]]], Any]:
    """Generate the function that makes a *kind*; its fields have functions of one value, and no validators."""
    fields = attrs.fields(attrs.resolve_types(kind))
    names: dict[str, Any] = {"make": object.__new__, "kind": kind}
    head = ", ".join(f"(name_{field.name}, _{field.name})" for field in fields)
    differs = " or ".join(f"name_{field.name} != {field.name!r}" for field in fields)
    lines = [f"def row(pairs):\n {head} = pairs\n if {differs}: raise ValueError\n new = make(kind)"]
    moment = ""
    for field in fields:
        name, take = field.name, field.metadata.get("take") or _HOOKS[field.type]
        names |= {f"set_{name}": getattr(kind, name).__set__, f"take_{name}": take}
        value = f"take_{name}(_{name})"
        if take in _AS_IT_IS:
            value = f"_{name} if type(_{name}) is {_AS_IT_IS[take]} else {value}"
        elif take is codec.as_timestamp:
            # A row that was never changed has the same text twice.
            value = f"new.{moment} if _{name} == _{moment} else {value}" if moment else value
            moment = name
        lines.append(f" set_{name}(new, {value})")
    exec("\n".join([*lines, " return new"]), names)  # noqa: S102 - made of our own fields' names
    row: Callable[[list[tuple[str, Any]]], Any] = names["row"]
    return row
