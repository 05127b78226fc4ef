"""Which servers somebody means who types a name or a selector into one field. Pure."""

from collections.abc import Mapping

from chatops_tui.store.threshold_texts import Target


def target(text: str, names: Mapping[str, str]) -> Target:
    """Return the one server of that name or id, or all that a selector means.

    Args:
        text: Empty: every server.
        names: Of servers, by id.
    """
    if not text or text.lower() in {"all", "*"}:
        return None, ""
    if text in names:
        return text, ""
    same = [server_id for server_id, name in names.items() if name == text]
    return (same[0], "") if len(same) == 1 else (None, text)


def target_text(server_id: str | None, select: str, names: Mapping[str, str]) -> str:
    """Return it as it is typed; empty: every server."""
    return select if server_id is None else names.get(server_id, server_id)
