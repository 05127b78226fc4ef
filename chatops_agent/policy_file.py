"""The file in which a machine's owner fixes what the hub may ask for (docs/policy.md)."""

import os
import pwd
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from chatops_agent.command_rules import CommandRule
from chatops_agent.patterns import pattern
from chatops_agent.policy import (
    SIGNABLE,
    Denial,
    Login,
    Policy,
    Signable,
    absolute,
    both,
    permissions,
    within,
)
from chatops_agent.safe_file import read_safe
from chatops_wire.settings import SettingError

_FLAG: Final = "--policy"
_DEFAULT_LOG_PATHS: Final = ("/var/log",)
_MOST_RULES: Final = 256
_MOST_WORDS: Final = 64

T = TypeVar("T")
_Patterns = Annotated[tuple[str, ...], Meta(max_length=_MOST_RULES)]


class _Match(Struct, frozen=True, forbid_unknown_fields=True):
    pattern: str


class _Command(Struct, frozen=True, forbid_unknown_fields=True):
    run: Annotated[tuple[str | _Match, ...], Meta(min_length=1, max_length=_MOST_WORDS)]
    cwd: str | None = None
    stdin: bool = False
    env: tuple[str, ...] = ()


class _Docker(Struct, frozen=True, forbid_unknown_fields=True):
    deny: tuple[Literal[Denial], ...] = ()
    containers: _Patterns | None = None


class _Logs(Struct, frozen=True, forbid_unknown_fields=True):
    paths: tuple[str, ...] = _DEFAULT_LOG_PATHS
    units: _Patterns | None = None


class _Terminal(Struct, frozen=True, forbid_unknown_fields=True):
    user: str = ""
    shell: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    allow: tuple[str, ...] = ()
    signed: tuple[Literal[Signable], ...] | None = None
    authorized_signers: str = ""
    command: Annotated[tuple[_Command, ...], Meta(max_length=_MOST_RULES)] | None = None
    docker: _Docker = _Docker()
    logs: _Logs = _Logs()
    terminal: _Terminal = _Terminal()


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line, the environment or the file of settings says; None: nothing."""

    allow: tuple[str, ...] | None
    log_path: tuple[str, ...] | None
    docker_deny: tuple[Denial, ...]
    authorized_signers: str
    policy: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What counts in the end."""

    policy: Policy
    signers: tuple[str, ...]
    """Files of keys; a signature must be of a key that stands in all of them."""


def settle_policy(flags: Flags) -> Settled:
    """Return what this machine allows: where file and flags both speak, the narrower of the two.

    Raises:
        SettingError: One line that names the file or the flag.
    """
    paths = absolute(_DEFAULT_LOG_PATHS if flags.log_path is None else flags.log_path, "--log-path")
    by_flags = Policy(permissions(flags.allow or ()), paths, frozenset(flags.docker_deny))
    if not flags.policy:
        signed = frozenset(SIGNABLE if flags.authorized_signers else ())
        return Settled(replace(by_flags, signed=signed), _named(flags.authorized_signers))
    file = _read(flags.policy)
    try:
        by_file = _policy(file)
    except (SettingError, ValueError) as exc:
        raise SettingError(f"{_FLAG}: {flags.policy!r}: {exc}") from exc
    signers = _named(flags.authorized_signers, file.authorized_signers)
    signed = _signed(file, flags)
    if signed and not signers:
        raise SettingError(f"{_FLAG}: {flags.policy!r}: signed needs authorized_signers")
    policy = replace(
        by_file,
        allowed=by_file.allowed if flags.allow is None else both(by_file.allowed, by_flags.allowed),
        log_paths=by_file.log_paths if flags.log_path is None else within(by_file.log_paths, paths),
        denied=by_file.denied | by_flags.denied,
        signed=signed,
    )
    return Settled(policy, signers)


def _named(*files: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(file for file in files if file))


def _signed(file: _File, flags: Flags) -> frozenset[Signable]:
    # By the flag alone everything is to be signed; the file cannot take anything away from that.
    if flags.authorized_signers or (file.signed is None and file.authorized_signers):
        return frozenset(SIGNABLE)
    return frozenset(file.signed or ())


def _read(path: str) -> _File:
    text = read_safe(_FLAG, path)
    try:
        return msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as exc:
        line = " ".join(str(exc).split())
        raise SettingError(f"{_FLAG}: {path!r}: {line or 'nested too deeply'}") from exc


def _policy(file: _File) -> Policy:
    return Policy(
        allowed=permissions(file.allow, "allow"),
        log_paths=absolute(file.logs.paths, "logs.paths"),
        denied=frozenset(file.docker.deny),
        commands=None if file.command is None else tuple(_rule(each) for each in file.command),
        containers=_each(pattern, file.docker.containers),
        log_units=_each(pattern, file.logs.units),
        login=_login(file.terminal),
        source="file",
    )


def _rule(command: _Command) -> CommandRule:
    program, *arguments = command.run
    if not isinstance(program, str) or not program.startswith("/"):
        raise SettingError("command.run: the program must be named by its absolute path")
    if command.cwd is not None and not command.cwd.startswith("/"):
        raise SettingError(f"command.cwd: not an absolute path: {command.cwd!r}")
    words = tuple(each if isinstance(each, str) else pattern(each.pattern) for each in arguments)
    return CommandRule(program, words, command.cwd, command.stdin, frozenset(command.env))


def _each(make: Callable[[str], T], texts: Iterable[str] | None) -> tuple[T, ...] | None:
    return None if texts is None else tuple(make(text) for text in texts)


def _login(terminal: _Terminal) -> Login:
    if terminal.user:
        try:
            entry = pwd.getpwnam(terminal.user)
        except KeyError:
            raise SettingError(f"terminal.user: no such user: {terminal.user!r}") from None
        if os.geteuid() not in (0, entry.pw_uid):
            raise SettingError("terminal.user: only an agent of root opens terminals of another user")
    if terminal.shell and not (Path(terminal.shell).is_absolute() and os.access(terminal.shell, os.X_OK)):
        raise SettingError(f"terminal.shell: no program of that path: {terminal.shell!r}")
    return Login(terminal.user, terminal.shell)
