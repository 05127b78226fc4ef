import logging

import pytest

from chatops_agent.episodes import Episode

log = logging.getLogger("test.episodes")


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_failure_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    episode = Episode(log, "is broken", "works again")
    episode.recover()
    for _ in range(3):
        episode.fail("disk", path="/mnt")
    episode.recover()
    episode.recover()
    assert told(caplog) == [
        ("WARNING", "is broken"),
        ("DEBUG", "is broken"),
        ("DEBUG", "is broken"),
        ("INFO", "works again"),
    ]
    assert (caplog.records[0].__dict__["reason"], caplog.records[0].__dict__["path"]) == ("disk", "/mnt")


def test_another_kind_of_failure_is_news(caplog: pytest.LogCaptureFixture) -> None:
    episode = Episode(log, "is broken", "works again")
    episode.fail("unreachable")
    episode.fail("refused", logging.ERROR)
    assert told(caplog) == [("WARNING", "is broken"), ("ERROR", "is broken")]
