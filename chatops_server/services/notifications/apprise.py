"""Sends a notification through Apprise, in a process of its own that may hang without holding anything."""

import asyncio
import sys
from typing import Final

import msgspec

from chatops_server.services.notifications.apprise_job import AppriseDone, AppriseJob
from chatops_server.services.notifications.webhook import DeliveryError
from chatops_wire.rest_alerts import Notification

WITHIN_S: Final = 30.0
_CHILD: Final = "chatops_server.services.notifications.apprise_child"


async def send(url: str, message: Notification) -> None:
    """Deliver a message. Cancelling ends the process and leaves open whether it arrived.

    Raises:
        DeliveryError: The service did not take it, or not in time.
    """
    await run(AppriseJob(url=url, title=message.title, body=message.message, severity=message.severity))


async def run(job: AppriseJob) -> None:
    """Have Apprise do one thing.

    Raises:
        DeliveryError: It could not.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        _CHILD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate(msgspec.json.encode(job))
    except TimeoutError as exc:
        raise DeliveryError(f"the service did not answer within {WITHIN_S:g} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        done = msgspec.json.decode(output, type=AppriseDone)
    except msgspec.DecodeError as exc:
        raise DeliveryError("Apprise failed") from exc
    if not done.is_delivered:
        raise DeliveryError(done.error)
