"""Which sample is a server's latest: the newest sequence, whatever any clock says."""

from msgspec import Struct


class Mark(Struct, frozen=True, gc=False):
    """Where the latest sample stands.

    Attributes:
        epoch: The agent's spool it came from; a sequence means nothing outside its epoch.
        seq: The newest sequence shown of this epoch, 0 if none.
        is_live: The sample is a `live` one: without a sequence, and newer than `seq`.
    """

    epoch: str
    seq: int
    is_live: bool = False


def after_numbered(current: Mark | None, epoch: str, seq: int) -> Mark | None:
    """Return the mark once a `metrics` sample is shown, None when it is not newer.

    Another epoch is always newer: only the newest connection of a server is listened to, and it
    speaks of one epoch.
    """
    if current is None or current.epoch != epoch or seq > current.seq:
        return Mark(epoch, seq)
    return None


def after_live(current: Mark | None, epoch: str) -> Mark:
    """Return the mark once a `live` sample is shown; it is always the newest there is."""
    seq = current.seq if current is not None and current.epoch == epoch else 0
    return Mark(epoch, seq, is_live=True)


def after_backlog(current: Mark | None, epoch: str, seq: int, since: int | None) -> Mark | None:
    """Return the mark once the newest sample of a batch is shown, None when something newer is.

    Args:
        current: The mark so far.
        epoch: The epoch of the connection.
        seq: The batch's newest sequence.
        since: The first sequence made after this connection began (`next_seq` of its `auth`): a
            live sample of an earlier connection is older than that. None when this connection has
            sent a live sample itself: the batch is then older than what is shown.
    """
    if since is None:
        return None
    is_older_than_live = current is not None and current.is_live and seq < since
    if current is not None and current.epoch == epoch and is_older_than_live:
        return None
    return after_numbered(current, epoch, seq)
