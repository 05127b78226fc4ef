from collections.abc import AsyncIterator, Callable

import pytest

from tests.integration.agent.agent_process import AgentProcess, StartAgent
from tests.integration.agent.hub_double import HubDouble, serving


@pytest.fixture
async def hub() -> AsyncIterator[HubDouble]:
    """A hub that accepts and acknowledges everything, until the test says otherwise."""
    async with serving(HubDouble()) as served:
        yield served


@pytest.fixture
async def start_agent() -> AsyncIterator[Callable[..., StartAgent]]:
    """Start real agents; they are stopped after the test."""
    started: list[AgentProcess] = []

    async def start(*urls: str, **options: str) -> AgentProcess:
        process = await AgentProcess.start(*urls, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        await process.end()
