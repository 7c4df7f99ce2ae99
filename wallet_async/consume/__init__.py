"""Event consumers: brokers deliver at least once, each event moves points once."""

from wallet_async.consume.consumer import Consumer
from wallet_async.consume.outcomes import Ack, DeadLetter, Outcome, Redelivery, Retry

__all__ = ["Ack", "Consumer", "DeadLetter", "Outcome", "Redelivery", "Retry"]
