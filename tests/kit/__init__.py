"""Raw-socket servers and helpers for the fault matrix: what can go wrong with one call, over real TCP.

async with CommitServer(ROWS["15-rst-committed"], flavour=LOYALTY) as server:
    ...
assert server.commits["POST"] == 1
"""

from . import answers, behaviours, bodies, heads, hostile, statuses
from .before import closed_port, connect_proxy, fail_dns, hang_dns, silent_tls, unanswering_listener
from .behaviours import for_writes, gated, good, in_turn, reply, when_warm
from .exchange import Exchange, response
from .flavours import FLAVOURS, LOYALTY, REHOOK, Flavour
from .leaks import no_leaks
from .matrix import ROWS
from .proxy import DelayProxy
from .row import Claim, Row
from .server import Behaviour, CommitServer
from .silence import skip_silence
from .statuses import redirect, retry_in, status
from .steps import Ended, cancel_at_step, every_step
from .tls import BAD_TLS, Certificates, TlsKind, certificates, old_tls

__all__ = [
    "BAD_TLS",
    "FLAVOURS",
    "LOYALTY",
    "REHOOK",
    "ROWS",
    "Behaviour",
    "Certificates",
    "Claim",
    "CommitServer",
    "DelayProxy",
    "Ended",
    "Exchange",
    "Flavour",
    "Row",
    "TlsKind",
    "answers",
    "behaviours",
    "bodies",
    "cancel_at_step",
    "certificates",
    "closed_port",
    "connect_proxy",
    "every_step",
    "fail_dns",
    "for_writes",
    "gated",
    "good",
    "hang_dns",
    "heads",
    "hostile",
    "in_turn",
    "no_leaks",
    "old_tls",
    "redirect",
    "reply",
    "response",
    "retry_in",
    "silent_tls",
    "skip_silence",
    "status",
    "statuses",
    "unanswering_listener",
    "when_warm",
]
