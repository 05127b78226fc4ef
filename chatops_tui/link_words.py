"""The link as the client tells it, in the store's words."""

from chatops_tui.client.link import LinkState
from chatops_tui.store.models import Link, LinkPhase


def link_of(state: LinkState, now_ms: int) -> Link:
    """Return the link as the store keeps it."""
    return Link(
        LinkPhase(state.kind),
        since_ms=now_ms,
        rtt_ms=state.rtt_ms,
        attempt=state.attempt,
        retry_ms=None if state.retry_at_s is None else int(state.retry_at_s * 1000),
        reason=sentence(state.reason) if state.reason else "",
    )


def sentence(text: str) -> str:
    """Return `text` with a capital and one full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
