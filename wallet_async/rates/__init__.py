"""One rate limit for many processes and machines: give it to their sessions as ``Limits(pace=rate)``."""

from wallet_async.rates.shared import SharedRate

__all__ = ["SharedRate"]
