"""One sample of this machine as JSON, for `chatops-agent sample`."""

import asyncio
from typing import Final

import msgspec

from chatops_agent.collectors.sampling import this_machine
from chatops_wire.codec import encode

# Between the two readings that rates need.
_APART_S: Final = 0.7


def take() -> str | None:
    """Return the sample as indented JSON, after some 0.7 s; None where processor or memory cannot be told."""
    return asyncio.run(_take())


async def _take() -> str | None:
    sampling = this_machine()
    try:
        loop = asyncio.get_running_loop()
        await sampling.sample(loop.time())
        await asyncio.sleep(_APART_S)
        sample = await sampling.sample(loop.time())
    finally:
        sampling.close()
    return None if sample is None else msgspec.json.format(encode(sample), indent=2).decode()
