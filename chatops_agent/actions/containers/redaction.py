"""Hides what may be secret in what an engine tells of a container, before it leaves the machine. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from chatops_agent.collectors.text import without_secrets

_SECRET_KEY: Final = re.compile(r"pass|secret|token|key|cred|auth|dsn|conn|url", re.IGNORECASE)
# An environment is where secrets are kept: of it only what everybody's images set is shown.
_HARMLESS: Final = re.compile(
    r"PATH|HOME|HOSTNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|SHELL|USER|PWD|PORT|DEBIAN_FRONTEND|[A-Z0-9_]+_VERSION"
)
_SECRET_VALUE: Final = re.compile(
    r"://[^/\s:@]{0,80}:[^@\s]{1,200}@"  # an address with a password
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."  # a JSON web token
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # an AWS key
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY"
    r"|\b(?:ghp|gho|ghs|glpat|xox[abp])[_-][\w-]{10,}"  # GitHub, GitLab, Slack
)
# Parts of `inspect` whose keys and values are the user's own, wherever they stand.
_OPEN_MAPS: Final = frozenset(
    {"Labels", "Annotations", "Config", "Options", "DriverOpts", "DriverConfig", "StorageOpt", "Sysctls"}
)
_WORDS: Final = frozenset({"Args", "Cmd", "Entrypoint", "Command", "Test"})
# How podman made it: a command line with everything in it.
_DROPPED: Final = frozenset({"CreateCommand"})


def redacted(inspected: Mapping[str, Any]) -> dict[str, Any]:
    """Return `inspect` of a container as it may be shown: the same shape, with values hidden."""
    return {key: _part(key, value, is_open=False) for key, value in inspected.items()}


def hidden(value: str) -> str:
    """Return what stands in place of a value."""
    return f"••• ({len(value)} characters)"


def variable(entry: str) -> str:
    """Return one `NAME=value` of an environment as it may be shown."""
    key, equals, value = entry.partition("=")
    if not equals or not value or (_HARMLESS.fullmatch(key) and _is_plain(value)):
        return entry
    return f"{key}={hidden(value)}"


def _part(key: str, value: Any, *, is_open: bool) -> Any:  # noqa: ANN401 - any JSON
    if key in _DROPPED:
        return hidden(str(value))
    if isinstance(value, Mapping):
        # `Config` of a container has fields of the engine's own in it; that of a log driver has not.
        inner = (key in _OPEN_MAPS and not (key == "Config" and "Env" in value)) or is_open
        return {each: _part(each, part, is_open=inner) for each, part in value.items()}
    if isinstance(value, list):
        return _list(key, value, is_open=is_open)
    if not isinstance(value, str) or not value:
        return value
    if is_open and _SECRET_KEY.search(key):
        return hidden(value)
    return _text(value)


def _list(key: str, values: list[Any], *, is_open: bool) -> list[Any]:
    if key == "Env":
        return [variable(str(each)) for each in values]
    if key in _WORDS and all(isinstance(each, str) for each in values):
        # Together, as a flag and its value are two words.
        return [_text(each) for each in without_secrets("\0".join(values)).split("\0")]
    return [_part(key, each, is_open=is_open) for each in values]


def _text(value: str) -> str:
    return without_secrets(value) if _is_plain(value) else hidden(value)


def _is_plain(value: str) -> bool:
    return _SECRET_VALUE.search(value) is None
