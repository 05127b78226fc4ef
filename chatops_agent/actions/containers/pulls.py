"""Pulls images, and says how far it has come."""

import asyncio
from collections.abc import Callable
from typing import Final

from chatops_agent.actions.containers.pull_lines import PullLines, PullProgress
from chatops_agent.actions.containers.rules import Order
from chatops_agent.actions.containers.work import Answer
from chatops_agent.engine.engine import Engine
from chatops_agent.engine.errors import EngineError
from chatops_wire.containers import DockerCode

# The engine says something with every few kilobytes; nobody reads faster.
_TELL_EVERY_S: Final = 0.25
# A registry that has said nothing for so long hangs, and so would whoever waits for it.
_SILENT_S: Final = 300.0
_NO_SUCH: Final = ("not found", "manifest unknown", "no such", "does not exist", "pull access denied")

Tell = Callable[[PullProgress], None]


async def pull(engine: Engine, order: Order, tell: Tell) -> Answer:
    """Pull an image; cancelled, the engine gives it up, and keeps the layers that are complete.

    Args:
        engine: Which pulls, with the logins of the user this agent runs as.
        order: What.
        tell: Called with how far it has come, four times a second at most.

    Raises:
        EngineError: There is no such image, or the registry does not answer.
    """
    loop = asyncio.get_running_loop()
    progress, told_at = PullProgress(), loop.time()
    stream = engine.pull(_with_tag(order.target), PullLines().feed)
    try:
        while True:
            async with asyncio.timeout(_SILENT_S):
                said = await stream.next()
            if not said:
                break
            for each in said:
                progress.add(each)
            if loop.time() - told_at >= _TELL_EVERY_S:
                told_at = loop.time()
                tell(progress)
    except TimeoutError:
        text = f"the registry has said nothing for {_SILENT_S / 60:g} minutes"
        raise EngineError(DockerCode.TIMEOUT, text) from None
    finally:
        stream.close()
    if progress.error:
        missing = any(words in progress.error.lower() for words in _NO_SUCH)
        raise EngineError(DockerCode.NOT_FOUND if missing else DockerCode.FAILED, progress.error)
    tell(progress)
    return {"container": None, "image": order.target}


def _with_tag(image: str) -> str:
    """Return the name with the tag `latest` where it has neither tag nor digest, else all would come."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"
