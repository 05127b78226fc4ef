"""What an agent says about its machine, cut to what is kept and sent on to every client."""

from typing import Final

from msgspec.structs import asdict

from chatops_wire.agent import AgentInfo

# A frame may hold 1 MiB of text, and every client would be sent it with each list of servers.
MAX_FACT_CHARS: Final = 200
MAX_CAPABILITIES: Final = 32
MAX_CAPABILITY_CHARS: Final = 64
# SQLite and PostgreSQL are fine with more, JSON readers in other languages are not.
_MAX_NUMBER: Final = 2**53


def trimmed_host(info: AgentInfo) -> AgentInfo:
    """Return the facts with long texts cut and numbers kept within 0 and 2**53."""
    kept: dict[str, str | int] = {}
    for name, value in asdict(info).items():
        kept[name] = value[:MAX_FACT_CHARS] if isinstance(value, str) else max(0, min(value, _MAX_NUMBER))
    return AgentInfo(**kept)  # type: ignore[arg-type] # the same fields with the same kinds


def trimmed_capabilities(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first MAX_CAPABILITIES names, each once, without those of absurd length."""
    kept = dict.fromkeys(name for name in names if 0 < len(name) <= MAX_CAPABILITY_CHARS)
    return tuple(kept)[:MAX_CAPABILITIES]
