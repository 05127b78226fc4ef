"""Log lines on stderr: a constant phrase, then its facts as key=value."""

import logging
from typing import Final

# What every record has; the rest came in by `extra`.
_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class FactsFormatter(logging.Formatter):
    """One line a record, whatever a fact contains."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows it on lines of its own."""
        head, *traceback = super().format(record).split("\n", 1)
        facts = (f"{name}={value!r}" for name, value in record.__dict__.items() if name not in _OWN)
        return "\n".join((" ".join((head, *facts)), *traceback))


def to_stderr(level: str) -> None:
    """Send the program's log there; `level` is debug, info, warning or error."""
    handler = logging.StreamHandler()
    handler.setFormatter(FactsFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # It tells every statement with its values, hashes of secrets among them.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    if level != "debug":
        # What a peer sent that is no HTTP, with a traceback each: theirs, not ours.
        logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
        logging.getLogger("asyncio").setLevel(logging.ERROR)
