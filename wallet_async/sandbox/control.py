"""The control endpoint: faults, ledger and counters for a test that runs in another process.

`GET /_sandbox/faults` shows the plan, `PUT` replaces it (`{"text": "close@after:credit p=0.05", "seed": 7}`
or `{"faults": [{"kind": "close"}]}`), `DELETE` empties it. `GET /_sandbox/ledger` (`?after=SEQUENCE`) gives
the truth, `GET /_sandbox/observed` the counters, `DELETE` sets them to zero, `GET /_sandbox/openapi.json` the
page of the API.
"""

from decimal import Decimal
from typing import Any

from attrs import asdict

from wallet_async.sandbox.api import Answer, SandboxApi
from wallet_async.sandbox.fault_text import parse_faults
from wallet_async.sandbox.faults import fault_from_dict, fault_to_dict
from wallet_async.sandbox.jsontext import dumps, loads
from wallet_async.sandbox.ledger import Entry, LedgerWallet
from wallet_async.sandbox.observed import Observed
from wallet_async.sandbox.plan import FaultPlan

PREFIX = "/_sandbox/"


class Control:
    """Answers control requests; faults never strike them."""

    def __init__(self, api: SandboxApi, faults: FaultPlan, observed: Observed) -> None:
        self._api = api
        self._faults = faults
        self._observed = observed

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        """Answer one control request; a mistake in it gives 400 and says what is expected."""
        try:
            match method, path.removeprefix(PREFIX):
                case "GET", "faults":
                    return self._plan()
                case "PUT", "faults":
                    self._replace(loads(body))
                    return self._plan()
                case "DELETE", "faults":
                    self._faults.clear()
                    return self._plan()
                case "GET", "ledger":
                    return self._ledger(query.get("after", "0"))
                case "GET", "observed":
                    return _json(200, self._observed.as_dict())
                case "DELETE", "observed":
                    self._observed.reset()
                    return _json(200, self._observed.as_dict())
                case "GET", "openapi.json":
                    return _json(200, self._api.openapi())
        except (ValueError, TypeError) as error:
            return _json(400, {"error": str(error)})
        accepted = "GET, PUT, DELETE faults; GET ledger; GET, DELETE observed; GET openapi.json"
        return _json(404, {"error": f"no control call {method} {path}; there are: {accepted}"})

    def _plan(self) -> Answer:
        faults = self._faults
        shown = [fault_to_dict(fault) for fault in faults.faults]
        return _json(200, _exact({"seed": faults.seed, "text": faults.text(), "faults": shown}))

    def _replace(self, value: Any) -> None:
        given = set(value) if isinstance(value, dict) else set()
        if given - {"seed"} not in ({"text"}, {"faults"}):
            raise ValueError('expected an object with "text" or "faults", and perhaps "seed"')
        seed = value.get("seed")
        if seed is not None and not isinstance(seed, int):
            raise ValueError(f"seed must be an int, got {type(seed).__name__}")
        if "text" in value:
            faults = parse_faults(value["text"])
        elif isinstance(value["faults"], list):
            faults = [fault_from_dict(_floats(item)) for item in value["faults"]]
        else:
            raise ValueError(f"faults must be a list, got {type(value['faults']).__name__}")
        self._faults.replace(faults, seed=seed)

    def _ledger(self, after: str) -> Answer:
        if not (after.isascii() and after.isdigit()):
            raise ValueError(f"after must be a sequence number, got {after!r}")
        ledger = self._api.ledger
        wallets = [{**_row(wallet), "balance": ledger.balance(wallet.key)} for wallet in ledger.wallets()]
        entries = [_row(entry) for entry in ledger.entries()[int(after) :]]
        return _json(200, {"wallets": wallets, "entries": entries})


def _row(value: Entry | LedgerWallet) -> dict[str, Any]:
    row = asdict(value, recurse=False)
    if isinstance(value, Entry):
        row["created_at"] = value.created_at.isoformat()
    return row


def _floats(value: object) -> object:
    """Turn the exact numbers of the JSON reader into the floats a fault is made of."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, dict):
        return {name: _floats(item) for name, item in value.items()}
    return value


def _exact(value: object) -> object:
    """Turn the floats of a fault into numbers that the JSON printer takes."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    return value


def _json(status: int, value: object) -> Answer:
    return Answer(status, dumps(value))
