import logging
import re

import pytest

from chatops_agent.logs import FactsFormatter


def test_facts_follow_the_phrase_on_one_line() -> None:
    record = logging.makeLogRecord(
        {"levelname": "INFO", "msg": "connected", "url": "ws://h", "detail": "two\nlines", "tries": 3}
    )
    line = FactsFormatter().format(record)
    assert re.fullmatch(r"\S+ INFO    connected url='ws://h' detail='two\\nlines' tries=3", line)


def test_a_traceback_follows_on_lines_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    try:
        caplog.records[7].getMessage()
    except IndexError:
        logging.getLogger("test").exception("failed", extra={"why": 1})
    first, *rest = FactsFormatter().format(caplog.records[0]).splitlines()
    assert first.endswith("failed why=1")
    assert rest[-1].startswith("IndexError: ")
