"""Reads and checks the body of a request; what is wrong is said by the name of the field."""

import asyncio
import re
from functools import lru_cache
from typing import Any, Final

import msgspec
from aiohttp import web

from chatops_server.errors import InvalidRequestError, TooLargeError

MAX_BODY_BYTES: Final = 256 * 1024
# The largest body takes 4 s on a line of 0.5 Mbit/s; whoever sends slower only holds a connection.
_BODY_TIMEOUT_S: Final = 10.0
_PLACE: Final = re.compile(r"^(?P<what>.*) - at `(?:key in )?\$\.?(?P<where>[^`]*)`$", re.DOTALL)
_MISSING: Final = re.compile(r"^Object missing required field `(?P<field>[^`]+)`$")


# What a program reads from its input comes with the command. It goes on to the agent in one frame, which
# is hardly longer than this body, and of at most 1 MiB.
MAX_COMMAND_BYTES: Final = 768 * 1024


async def read_body(request: web.Request, kind: Any, *, is_optional: bool = False) -> Any:  # noqa: ANN401 - any route's body type
    """Return the body as `kind`; where it is optional, none at all is an empty object.

    Raises:
        InvalidRequestError: Empty, cut short, no JSON, or not of this form; the detail names the field.
        TooLargeError: It is.
        web.HTTPException: Not complete in time (408).
    """
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            raw = await request.read()
    except TimeoutError as exc:
        raise web.HTTPRequestTimeout(reason="the body did not arrive in time") from exc
    except web.HTTPRequestEntityTooLarge as exc:
        most = request.client_max_size // 1024
        raise TooLargeError(f"the body is too large: at most {most} KiB are taken") from exc
    except web.RequestPayloadError as exc:
        raise InvalidRequestError("the body was cut short") from exc
    if not raw and is_optional:
        raw = b"{}"
    if not raw.strip():
        raise InvalidRequestError("the body is empty, expected a JSON object")
    return decode(raw, kind)


def decode(raw: bytes, kind: Any) -> Any:  # noqa: ANN401 - as above
    """Return JSON as `kind`.

    Raises:
        InvalidRequestError: As for read_body.
    """
    try:
        return _decoder(kind).decode(raw)
    except msgspec.ValidationError as exc:
        raise InvalidRequestError(explained(str(exc))) from exc
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise InvalidRequestError("the body is no valid JSON") from exc


def explained(message: str) -> str:
    """Return msgspec's words with the field's name in front: `password: expected …`."""
    placed = _PLACE.match(message)
    what, where = (placed["what"], placed["where"]) if placed else (message, "")
    missing = _MISSING.match(what)
    if missing:
        where = f"{where}.{missing['field']}" if where else missing["field"]
        what = "it is missing"
    what = what[:1].lower() + what[1:]
    return f"{where}: {what}" if where else what


@lru_cache(maxsize=128)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 - as above
    return msgspec.json.Decoder(kind)
