"""Commands one should look at twice. It only asks: what is on the list may be run, what is not may be bad."""

import re
from collections.abc import Iterable
from typing import Final

# Regular expressions, looked for anywhere in the line, capitals or not: what cannot be undone, or takes a
# machine or its network away. The setting `confirm` replaces them.
USUAL: Final = (
    r"\brm\s+(-\S+\s+)*-\w*[rf]",
    r"\bfind\b.*\s-delete\b",
    r"\b(mkfs|wipefs|fdisk|sfdisk|sgdisk|parted|blkdiscard|shred)\b",
    r"\b(lvremove|vgremove|pvremove)\b|\bz(pool|fs)\s+destroy\b",
    r"\bdd\b.*\bof=",
    r">\s*/dev/(sd|nvme|vd|xvd|mapper)",
    r"\b(shutdown|reboot|poweroff|halt)\b|\b(tel)?init\s+[06]\b",
    r"\bsystemctl\s+(\S+\s+)*(stop|restart|disable|mask|isolate|kill|reboot|poweroff|rescue|emergency)\b",
    r"\bservice\s+\S+\s+(stop|restart)\b",
    r"\b(killall|pkill)\b|\bkill\s+(-\S+\s+)*-?1\b",
    r"\bch(mod|own)\s+(-\S+\s+)*-\w*R",
    r"\b(iptables|ip6tables)\b.*\s(-F|--flush|-P)\b|\bnft\s+flush\b|\bufw\s+(enable|reset)\b",
    r"\bip\s+link\s+set\b.*\bdown\b|\bif(down|config\s+\S+\s+down)\b",
    r"\b(userdel|groupdel|deluser)\b|\bcrontab\s+-r\b",
    r"\b(apt|apt-get|dnf|yum|apk|pacman|zypper)\b.*\b(remove|purge|autoremove|erase|del|-R\w*)\b",
    r"\b(docker|podman)\b.*\b(rm|rmi|prune|kill|stop|down)\b",
    r"\bkubectl\s+(\S+\s+)*(delete|drain)\b",
    r"\b(drop|truncate)\s+(table|database|schema)\b|\bdelete\s+from\b",
    r":\(\)\s*\{",
)


def compiled(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Return the patterns ready for use; re.error where one is none."""
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def danger_in(command: str, patterns: Iterable[re.Pattern[str]]) -> str:
    """Return the part of `command` that should be looked at twice; empty where there is none."""
    found = (pattern.search(command) for pattern in patterns)
    return next((match[0].strip() for match in found if match), "")
