"""What a provider may do to a text before it keeps it; no page promises that it keeps one as it was sent."""

from html import escape
from typing import Literal

Keeps = Literal["as sent", "cut", "upper", "lower", "escaped", "trimmed", "dropped"]
"""How a stand-in keeps a text; `cut` leaves 16 characters, fewer than a mark has."""


def kept(text: str, how: Keeps) -> str:
    """Give what is kept of *text*."""
    match how:
        case "cut":
            return text[:16]
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case "escaped":
            return escape(text)
        case "trimmed":
            return text.strip()
        case "dropped":
            return ""
        case "as sent":
            return text
