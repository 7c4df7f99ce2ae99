"""msgspec, which the extra `[fast]` brings: imported with this module, so this module is imported at first use only."""

from __future__ import annotations

from typing import Any

_OLDEST = (0, 21)
"""The extra asks for no older release either."""


def _find() -> Any:
    try:
        import msgspec  # noqa: PLC0415 - may be missing

        version = tuple(map(int, msgspec.__version__.split(".")[:2]))
    except (ImportError, AttributeError, ValueError):
        return None
    return msgspec if version >= _OLDEST else None


msgspec: Any = _find()
"""The package, or None if it is missing, broken or too old: then the standard library and cattrs do all."""
