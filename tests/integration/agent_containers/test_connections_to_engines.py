"""How many connections an agent holds to an engine: one for each thread, whatever it is asked."""

import os

from chatops_agent.engine.engine import Engine
from tests.docker_engine import DockerEngine


async def test_a_thread_keeps_one_connection_whatever_is_asked(docker_engine: DockerEngine) -> None:
    """The SDK would keep one for each path, 25 a thread: enough to use up the descriptors of an agent."""
    engine = Engine(docker_engine.host, {})
    try:
        await engine.connect()
        await engine.call(lambda api: api.version())
        before = _open_files()
        for _ in range(2):
            await engine.call(lambda api: (api.containers(), api.images(), api.volumes(), api.networks()))
            await engine.inspect([f"nobody{number}" for number in range(5)])
        assert _open_files() == before
    finally:
        engine.close()


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - what is open is no folder
