"""Who the agent runs as, and that user's shell."""

import os
import pwd
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from chatops_agent.actions.processes.environment import Account

# Shells of users who shall not log in themselves; what they may do here is decided by --allow.
_NO_SHELLS: Final = frozenset({"nologin", "false", "true", "sync", ""})
_INSTEAD: Final = ("/bin/bash", "/bin/sh")


def own_account() -> Account:
    """Return the account; reads the user database, so call it where waiting is allowed.

    A user without a usable shell (a service's) gets bash, else sh; one without a home folder, `/`.
    """
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        # DynamicUser, or a container's numeric user.
        return Account(str(uid), _home(os.environ.get("HOME", "")), _shell(""))
    return Account(entry.pw_name, _home(os.environ.get("HOME") or entry.pw_dir), _shell(entry.pw_shell))


@dataclass(frozen=True, slots=True)
class Ids:
    """As whom a process runs."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def account_for(own: Account, user: str, shell: str) -> tuple[Account, Ids | None]:
    """Return the account of a terminal, and as whom it runs where that is not the agent's own user.

    Reads the user database, as above. Empty: the agent's own user, and the user's shell.

    Raises:
        LookupError: There is no such user (any more).
    """
    if not user:
        return (replace(own, shell=shell) if shell else own), None
    entry = pwd.getpwnam(user)
    account = Account(entry.pw_name, _home(entry.pw_dir), shell or _shell(entry.pw_shell))
    if entry.pw_uid == os.geteuid():
        return account, None
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return account, Ids(entry.pw_uid, entry.pw_gid, groups)


def _home(path: str) -> str:
    return path if path and Path(path).is_dir() else "/"


def _shell(path: str) -> str:
    candidates = (path, *_INSTEAD) if Path(path).name not in _NO_SHELLS else _INSTEAD
    return next((each for each in candidates if os.access(each, os.X_OK)), _INSTEAD[-1])
