"""What an admin has set about how long things are kept; what is not there is as the hub's flags say."""

from chatops_server.storage.base import Script, execute, fetch


def kept_terms() -> Script[dict[str, int]]:
    """Return the values by their names."""
    rows = yield from fetch("SELECT name, value FROM retention")
    return {str(row[0]): int(row[1]) for row in rows}


def set_term(name: str, value: int | None) -> Script[None]:
    """Set one, or with None give the flag back."""
    yield from execute("DELETE FROM retention WHERE name = $1", name)
    if value is not None:
        yield from execute("INSERT INTO retention (name, value) VALUES ($1, $2)", name, value)
