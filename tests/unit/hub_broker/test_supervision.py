"""A background loop that fails begins again; one that returns is over."""

import logging

import pytest

from chatops_server.services.supervision import supervised


async def test_a_loop_that_fails_begins_again_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []

    async def loop() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise RuntimeError("a defect")

    with caplog.at_level(logging.ERROR):
        await supervised("test", loop)
    assert runs == [0, 1]
    [record] = caplog.records
    assert record.exc_info is not None
