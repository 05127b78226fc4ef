"""Pulls images, and says how far it has come."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from chatops_agent.actions.containers.pull_lines import PullLines, PullProgress
from chatops_agent.actions.containers.rules import Order
from chatops_agent.actions.containers.work import Answer
from chatops_agent.engine.engine import Engine
from chatops_agent.engine.errors import EngineError
from chatops_agent.engine.streaming import EngineStream
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
    progress = PullProgress()
    stream = engine.pull(_with_tag(order.target), PullLines().feed)
    try:
        await _follow(stream, progress, tell)
    except EngineError as exc:
        if exc.code is DockerCode.FAILED:
            raise _failed(exc.message) from exc
        raise
    finally:
        stream.close()
    if progress.error:
        raise _failed(progress.error)
    tell(progress)
    return {"container": None, "image": order.target}


async def _follow(stream: EngineStream[Mapping[str, Any]], progress: PullProgress, tell: Tell) -> None:
    loop = asyncio.get_running_loop()
    told_at = loop.time()
    while True:
        try:
            async with asyncio.timeout(_SILENT_S):
                said = await stream.next()
        except TimeoutError:
            text = f"the registry has said nothing for {_SILENT_S / 60:g} minutes"
            raise EngineError(DockerCode.TIMEOUT, text) from None
        if not said:
            return
        for each in said:
            progress.add(each)
        if loop.time() - told_at >= _TELL_EVERY_S:
            told_at = loop.time()
            tell(progress)


def _failed(reason: str) -> EngineError:
    """Return why a pull failed; engines say 500 to an image that does not exist, or within the answer."""
    missing = any(words in reason.lower() for words in _NO_SUCH)
    return EngineError(DockerCode.NOT_FOUND if missing else DockerCode.FAILED, reason)


def _with_tag(image: str) -> str:
    """Return the name with the tag `latest` where it has neither tag nor digest, else all would come."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"
