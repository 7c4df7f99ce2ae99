"""The engine under `rehook_async` and `loyalty_async`, and everything that works for any provider."""

__version__ = "0.1.0"
__all__ = ["__version__"]
