"""The ports of a container as `docker ps` writes them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class _Port(NamedTuple):
    """One row of the engine's list; sorted as Docker's own programs do."""

    kind: str
    address: str
    private: int
    public: int


def in_words(rows: Iterable[Mapping[str, Any]] | None) -> tuple[str, ...]:
    """Return e.g. `0.0.0.0:8080-8082->80-82/tcp` and `9000/tcp`; neighbours stand together as a range."""
    ports = sorted(
        {
            _Port(
                kind=str(row.get("Type") or "tcp"),
                address=str(row.get("IP") or ""),
                private=int(row.get("PrivatePort") or 0),
                public=int(row.get("PublicPort") or 0),
            )
            for row in rows or ()
        }
    )
    ranges: list[list[_Port]] = []
    for port in ports:
        if ranges and _continues(ranges[-1], port):
            ranges[-1].append(port)
        else:
            ranges.append([port])
    return tuple(_text(each[0], each[-1]) for each in ranges)


def _continues(begun: list[_Port], port: _Port) -> bool:
    first, last = begun[0], begun[-1]
    if (port.kind, port.address, port.private) != (last.kind, last.address, last.private + 1):
        return False
    return port.public == (last.public + 1 if first.public else 0)


def _text(first: _Port, last: _Port) -> str:
    inside = _span(first.private, last.private)
    if not first.public:
        return f"{inside}/{first.kind}"
    address = f"[{first.address}]" if ":" in first.address else first.address
    outside = _span(first.public, last.public)
    return f"{address}:{outside}->{inside}/{first.kind}" if address else f"{outside}->{inside}/{first.kind}"


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
