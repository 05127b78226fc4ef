"""Saying once that something is wrong, and once that it is well again, however often it happens between."""

import logging


class Episode:
    """One thing that may be failing; each new kind of failure is told once, repetitions only at DEBUG."""

    def __init__(self, log: logging.Logger, failed: str, recovered: str) -> None:
        """Keep the two constant phrases under which the episode's beginning and end are logged."""
        self._log = log
        self._failed = failed
        self._recovered = recovered
        self._kind: str | None = None

    def fail(self, kind: str, level: int = logging.WARNING, **facts: object) -> None:
        """Tell a failure.

        Args:
            kind: What tells this failure from another in the same place.
            level: For its first time.
            facts: Fields of the log record; `reason` is the kind unless given.
        """
        new = kind != self._kind
        self._kind = kind
        self._log.log(level if new else logging.DEBUG, self._failed, extra={"reason": kind, **facts})

    def recover(self, **facts: object) -> None:
        """Tell that all is well; says something only after a failure."""
        if self._kind is not None:
            self._kind = None
            self._log.info(self._recovered, extra=facts)
