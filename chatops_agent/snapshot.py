"""One sample of this machine as JSON, for `chatops-agent sample`."""

import asyncio
import os
from contextlib import suppress
from typing import Final

import msgspec

from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.collectors.sampling import Sampling, this_machine
from chatops_wire.codec import encode
from chatops_wire.samples import SampleParts

# Between the two readings that rates need.
_APART_S: Final = 0.7
# An engine that has not told of its containers by then is left out.
_LOOK_WITHIN_S: Final = 3.0
_HOST_VARIABLE: Final = "CHATOPS_DOCKER_HOST"


def take() -> str | None:
    """Return the sample as indented JSON, after some 0.7 s; None where processor or memory cannot be told."""
    return asyncio.run(_take())


async def _take() -> str | None:
    watch = ContainerWatch(os.environ.get(_HOST_VARIABLE, ""), os.environ)
    sampling = this_machine(watch)
    following = asyncio.create_task(watch.run(), name="containers")
    try:
        await watch.inventory.first_look(_LOOK_WITHIN_S)
        sample = await _second(sampling)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        sampling.close()
        watch.close()
    return None if sample is None else msgspec.json.format(encode(sample), indent=2).decode()


async def _second(sampling: Sampling) -> SampleParts | None:
    loop = asyncio.get_running_loop()
    await sampling.sample(loop.time())
    await asyncio.sleep(_APART_S)
    return await sampling.sample(loop.time())
