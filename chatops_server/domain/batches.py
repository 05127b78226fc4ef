"""When a batch begins its next run, and when it stops: decisions only."""

from dataclasses import dataclass, replace

from chatops_wire.commands import CommandStatus


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch under way. Runs are named by their ids, in the order they are to begin."""

    waiting: tuple[str, ...]
    concurrency: int
    stop_after_failures: int | None = None
    """None never stops."""
    running: frozenset[str] = frozenset()
    failures: int = 0

    @property
    def is_stopped(self) -> bool:
        """Whether so many have failed that none is begun any more."""
        return self.stop_after_failures is not None and self.failures >= self.stop_after_failures

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing will."""
        return not self.running and (self.is_stopped or not self.waiting)


def begun(batch: Batch) -> tuple[Batch, tuple[str, ...]]:
    """Return the batch with all that may begin now begun, and what that is."""
    if batch.is_stopped:
        return batch, ()
    starting = batch.waiting[: max(0, batch.concurrency - len(batch.running))]
    after = replace(batch, waiting=batch.waiting[len(starting) :], running=batch.running | set(starting))
    return after, starting


def ended(batch: Batch, run: str, status: CommandStatus) -> Batch:
    """Return the batch after one of its runs ended; unknown ones are ignored."""
    if run not in batch.running:
        return batch
    return replace(batch, running=batch.running - {run}, failures=batch.failures + counts_as_failure(status))


def counts_as_failure(status: CommandStatus) -> bool:
    """Return whether an end may stop a batch: every one without success but somebody's cancelling."""
    return status not in ("succeeded", "cancelled", "running")
