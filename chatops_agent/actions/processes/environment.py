"""What a process started for the hub finds in its environment: little, and nothing of the agent's. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# What the agent's own environment may contribute; its other variables may be secrets.
_KEPT: Final = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR"})
_DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Nobody sits there: what would ask or page must fail or print at once.
_UNATTENDED: Final = {
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "SYSTEMD_PAGER": "",
    "GIT_TERMINAL_PROMPT": "0",
    "DEBIAN_FRONTEND": "noninteractive",
}
# Marks every descendant of one run or terminal, however far it strays. Not CHATOPS_...: a script that looks
# for our variables shall find none.
COOKIE: Final = "AGENT_RUN_COOKIE"


@dataclass(frozen=True, slots=True)
class Account:
    """The user the agent runs as."""

    name: str
    home: str
    shell: str


def for_command(
    own: Mapping[str, str], account: Account, cookie: str, added: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of a command; what the order adds stands above all but the mark."""
    return {**_base(own, account), **_UNATTENDED, **added, COOKIE: cookie}


def for_terminal(own: Mapping[str, str], account: Account, cookie: str, term: str) -> dict[str, str]:
    """Return the environment of a login shell in a terminal of this kind."""
    return {**_base(own, account), "TERM": term, COOKIE: cookie}


def _base(own: Mapping[str, str], account: Account) -> dict[str, str]:
    kept = {name: value for name, value in own.items() if name in _KEPT or name.startswith("LC_")}
    names = {"USER": account.name, "LOGNAME": account.name, "HOME": account.home, "SHELL": account.shell}
    return {"PATH": _DEFAULT_PATH, **kept, **names}
