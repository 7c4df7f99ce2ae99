"""No credential, hash or personal datum in a repr, an error, a pickle, an event or a log line."""

import io
import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

import wallet_async.engine.send
from loyalty_async import BearerToken, ClientCredentials, OutcomeUnknownError, WalletError
from tests.kit import LOYALTY, CommitServer, Exchange, response
from tests.loyalty.common import WALLET, credit, session

HASH = "canary-hash"
CANARIES = ("canary-client-id", "canary-client-secret", "canary-client-key", "canary-token", HASH, "10000000146")
TOKEN = b'{"access_token": "canary-token", "token_type": "Bearer", "expires_in": 3600}'


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Collect what is logged, at every level."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logger = logging.getLogger("loyalty_async")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield text
    logger.removeHandler(handler)
    logger.setLevel(level)


def echo(status: int, *, token: bool = True):
    """Answer with the headers that were sent, wherever an envelope has text, and with personal data."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        if token and exchange.target == b"/connect/token":
            await exchange.send(response(200, TOKEN))
            return
        told = " ".join(f"{name}: {value}" for name, value in exchange.headers)
        person = '"user_kyc_info": {"national_id": "10000000146"}'
        body = f'{{"status": 2, "code": "311", "message": "{told}", "errors": ["{told}"], {person}}}'
        await exchange.send(response(status, body.encode()))

    return act


def texts(error: BaseException, seen: list[Any], log: io.StringIO) -> str:
    """Give everything that could show a secret."""
    copy = pickle.loads(pickle.dumps(error))
    shown = [repr(error), str(error), *traceback.format_exception(error), repr(vars(copy)), repr(seen), log.getvalue()]
    if isinstance(error, OutcomeUnknownError):
        shown += [repr(error.reason), repr(vars(error.reason))]
    return "\n".join(shown)


async def shown_by(status: int, token: bool, log: io.StringIO) -> str:
    """Credit where all is echoed; give everything that was shown."""
    seen: list[Any] = []
    async with CommitServer(echo(status, token=token), flavour=LOYALTY) as server:
        auth = ClientCredentials(
            token_url=server.url,
            client_id="canary-client-id",
            client_secret="canary-client-secret",
            client_key="canary-client-key",
        )
        async with session(server.url, auth=auth, on_event=seen.append) as loyalty:
            with pytest.raises(WalletError) as caught:
                await loyalty.wallet(WALLET)
            read = texts(caught.value, seen, log)
            with pytest.raises(WalletError) as caught:
                await credit(loyalty, hash_key=HASH)
            write = texts(caught.value, seen, log)
            return read + write + repr(loyalty) + repr(auth) + repr(loyalty.statistics())


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
@pytest.mark.parametrize("token", [True, False])
async def test_no_secret_is_shown_even_if_the_server_echoes_it(status: int, token: bool, log: io.StringIO) -> None:
    """Canaries in every credential slot: none in reprs, messages, tracebacks, pickles, events and logs."""
    shown = await shown_by(status, token, log)
    assert [canary for canary in CANARIES if canary in shown] == []
    assert "loyalty" in shown


async def test_sabotage_without_scrubbing_the_echo_shows_them(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same check finds the client key and the client's id where errors are passed on as they come."""
    monkeypatch.setattr(wallet_async.engine.send, "scrub", lambda error, secrets: None)
    shown = await shown_by(400, True, log)
    assert "canary-client-key" in shown


def test_settings_show_no_secret() -> None:
    """Credentials are left out of the repr of what holds them."""
    shown = repr(BearerToken("canary-token", client_key="canary-client-key"))
    assert "canary" not in shown
