"""Sends a notification as JSON to a webhook: signed, within ten seconds, without following it elsewhere."""

import asyncio
import hmac
from hashlib import sha256
from typing import Final

import aiohttp

from chatops_server.domain.alerts.destinations import Destination
from chatops_server.services.notifications.guard import Guard, GuardedResolver
from chatops_wire import codec
from chatops_wire.rest_alerts import Notification
from chatops_wire.version import VERSION

WITHIN_S: Final = 10.0
SIGNATURE: Final = "X-ChatOps-Signature"
DELIVERY: Final = "X-ChatOps-Delivery"
_OK: Final = range(200, 300)


class DeliveryError(Exception):
    """The other side did not take it; the message says why and holds no secret."""


class Webhooks:
    """Sends to webhooks; a connection for each message, so that none outlives what was checked."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def send(self, where: Destination, secret: str | None, message: Notification, now_s: int) -> None:
        """Deliver a message. Cancelling leaves open whether it arrived.

        Raises:
            DeliveryError: No connection, no answer in time, or one that is no 2xx.
        """
        body = codec.encode(message)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"chatops/{VERSION}",
            DELIVERY: message.id,
        }
        if secret:
            headers[SIGNATURE] = signature(secret, body, now_s)
        try:
            # Again: the setting may be another one than when the channel was made.
            self._guard.check(where)
            async with asyncio.timeout(WITHIN_S):
                await self._post(where, body, headers)
        except TimeoutError as exc:
            raise DeliveryError(f"no answer within {WITHIN_S:g} s") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise DeliveryError(_reason(exc)) from exc

    async def _post(self, where: Destination, body: bytes, headers: dict[str, str]) -> None:
        auth = None if where.username is None else aiohttp.BasicAuth(where.username, where.password)
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._guard), use_dns_cache=False, force_close=True
        )
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False) as session,
            session.post(where.url, data=body, headers=headers, auth=auth, allow_redirects=False) as answer,
        ):
            # Its body is not read: nothing in it matters, and it may have no end.
            if answer.status not in _OK:
                raise DeliveryError(f"it answered {answer.status}")


def signature(secret: str, body: bytes, now_s: int) -> str:
    """Return `t=<Unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>", hex>`."""
    digest = hmac.new(secret.encode(), b"%d." % now_s + body, sha256).hexdigest()
    return f"t={now_s},v1={digest}"


def _reason(exc: Exception) -> str:
    # The address stands in many of aiohttp's own words.
    if isinstance(exc, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "its certificate is not trusted"
    if isinstance(exc, aiohttp.ClientConnectorError):
        return f"no connection: {exc.os_error.strerror or exc.os_error}"[:200]
    if isinstance(exc, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    return (
        "it leads where it must not"
        if isinstance(exc, ValueError)
        else f"no connection: {type(exc).__name__}"
    )
