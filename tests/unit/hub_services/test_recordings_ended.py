"""A recording that nobody writes any more has ended: whoever closes it waits for nothing."""

import asyncio
from pathlib import Path

from chatops_server.services.errands import Errands
from chatops_server.services.terminals.recordings import Recordings
from tests.deadlines import DEADLINE_S


async def test_one_that_is_begun_after_the_end_of_all_is_closed_at_once(tmp_path: Path) -> None:
    errands = Errands()
    await errands.stop()
    recording = Recordings(tmp_path, errands, lambda: 1.0).begin("trm_1", (80, 24))
    async with asyncio.timeout(DEADLINE_S):
        assert await recording.close() is None


async def test_one_that_is_cancelled_before_its_first_step_is_closed_at_once(tmp_path: Path) -> None:
    errands = Errands()
    recording = Recordings(tmp_path, errands, lambda: 1.0).begin("trm_1", (80, 24))
    await errands.stop()
    async with asyncio.timeout(DEADLINE_S):
        assert await recording.close() is None


async def test_a_closed_one_is_on_disk(tmp_path: Path) -> None:
    errands = Errands()
    recording = Recordings(tmp_path, errands, lambda: 1.0).begin("trm_1", (80, 24))
    recording.wrote(b"hello")
    size = await recording.close()
    content = await asyncio.to_thread((tmp_path / "trm_1.cast").read_bytes)
    assert size == len(content)
    assert b'"hello"' in content
    await errands.stop()
