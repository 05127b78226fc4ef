"""Settings of `chatops-agent run`: flag, else environment, else TOML file, else default."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from chatops_agent.actions.processes.outside import (
    PROGRAM,
    Outside,
    Place,
    Wish,
    is_sandboxed,
    is_service,
    manager_socket,
    way_out,
)
from chatops_agent.engine.addresses import checked
from chatops_agent.enrolled import known_hub
from chatops_agent.key_store import Configured, kept_key
from chatops_agent.policy import Denial, Permission, Policy
from chatops_agent.policy_file import Flags, settle_policy
from chatops_agent.schedule import MAX_INTERVAL_S, MIN_INTERVAL_S
from chatops_agent.signers import Signers, read_signers
from chatops_wire.keys import PREFIX
from chatops_wire.keys import parse as parse_key
from chatops_wire.pins import parse_pin
from chatops_wire.settings import SettingError, settle

KEY_VARIABLE: Final = "CHATOPS_API_KEY"
CONFIG_VARIABLE: Final = "CHATOPS_CONFIG"
_ENDPOINT: Final = "/api/v1/agents/ws"
_SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
# A key of ours has 78 characters; a file with more than this is not a key's.
_MAX_KEY: Final = 512


class Settings(Struct, frozen=True, kw_only=True):
    """What a flag, a CHATOPS_ variable or a line of the TOML file may set."""

    url: Annotated[tuple[str, ...], Meta(min_length=1)]
    """The hub's address, http(s)://HOST:PORT; of several the next one is called when one fails."""
    interval: Annotated[float, Meta(ge=MIN_INTERVAL_S, le=MAX_INTERVAL_S)] = 5.0
    """Seconds between samples, unless the hub asks for others."""
    data_dir: str = ""
    """Where the agent keeps its state; empty: /var/lib/chatops-agent for root, else in ~/.local/state."""
    spool_mb: Annotated[int, Meta(ge=2, le=65_536)] = 64
    """How many megabytes of samples that the hub has not acknowledged are kept there; then the oldest go."""
    allow: tuple[Literal[Permission, "all"], ...] | None = None
    """Any of docker, commands, terminal, logs, docker_read, or all; none: metrics only."""
    docker_host: str = ""
    """The engine's socket, unix:///PATH or tcp://HOST:PORT; empty: found; none: there shall be none."""
    docker_deny: tuple[Literal[Denial], ...] = ()
    """Any of exec, remove, prune: not done in spite of --allow docker."""
    log_path: tuple[str, ...] | None = None
    """The only folders whose files may be followed: /var/log, or what --policy says."""
    outside: Literal[Wish] = "auto"
    """Whether commands and terminals are started by systemd, outside the sandbox of the agent's own unit."""
    policy: str = ""
    """A TOML file that fixes what may be asked of this machine; with --allow the narrower of both counts."""
    authorized_signers: str = ""
    """A file of ssh-ed25519 public keys: only what one of them signed is run, opened or changed here."""
    api_key_file: str = ""
    """A file that holds the key, instead of CHATOPS_API_KEY."""
    tls_ca: str = ""
    """A PEM file with the authority, or the certificate itself, to trust instead of the system's."""
    tls_pin: str = ""
    """The pin of the hub's certificate, as `chatops-server tls init` shows it; then no authority is asked."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much to tell on stderr."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in the form the daemon uses."""

    endpoints: tuple[str, ...]
    """WebSocket addresses."""
    # Not in the representation, so that no log or traceback ever shows it.
    api_key: str = field(repr=False)
    """Empty where this machine has enrolled: its key is in the data directory."""
    key_file: Path | None
    """The file the key is in; None: the environment."""
    interval_s: float
    data_dir: Path
    spool_mb: int
    docker_host: str
    policy: Policy
    outside: Outside | None
    """How commands and terminals are started outside the agent's sandbox; None: they are not."""
    signers: Signers | None
    """Whose signature is asked for; None: nobody's."""
    tls_ca: str
    tls_pin: bytes | None
    """SHA-256 of the only certificate that is believed."""
    log_level: str


def load(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration.

    Args:
        flags: Values by field of `Settings`, None where the flag was not given; `config` names the TOML file.
        environ: Where CHATOPS_ variables are looked up.

    Raises:
        SettingError: One line that names the setting, or the file.
    """
    settings = settle(Settings, flags=flags, environ=environ, file=_file(flags, environ))
    key = _key(flags, environ, settings)
    settled = settle_policy(_flags(settings))
    return Config(
        endpoints=tuple(endpoint(url) for url in settings.url),
        interval_s=settings.interval,
        data_dir=data_dir(settings.data_dir, environ),
        spool_mb=settings.spool_mb,
        docker_host=_docker_host(settings.docker_host),
        policy=settled.policy,
        outside=_outside(settings.outside, environ),
        signers=read_signers(*settled.signers) if settled.signers else None,
        api_key=key.key,
        key_file=key.path,
        tls_ca=_readable("--tls-ca", settings.tls_ca),
        tls_pin=_pin(settings.tls_pin),
        log_level=settings.log_level,
    )


def _flags(settings: Settings) -> Flags:
    return Flags(
        allow=settings.allow,
        log_path=settings.log_path,
        docker_deny=settings.docker_deny,
        authorized_signers=settings.authorized_signers,
        policy=settings.policy,
    )


def _outside(wish: Wish, environ: Mapping[str, str]) -> Outside | None:
    uid = os.geteuid()
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        status = ""
    place = Place(
        uid=uid,
        is_service=is_service(environ),
        is_sandboxed=is_sandboxed(status),
        has_program=os.access(PROGRAM, os.X_OK),
        has_manager=os.path.exists(manager_socket(uid)),  # noqa: PTH110 - in a folder that may not be read
    )
    try:
        return way_out(wish, place)
    except ValueError as exc:
        raise SettingError(f"--outside: {exc}") from exc


def _pin(text: str) -> bytes | None:
    try:
        return parse_pin(text) if text else None
    except ValueError as exc:
        raise SettingError(f"--tls-pin: {exc}") from exc


def checked_pin(text: str) -> str:
    """Return a pin, empty for none.

    Raises:
        SettingError: It is no pin.
    """
    _pin(text)
    return text


def endpoint(url: str) -> str:
    """Return the address of the agents' WebSocket at this hub.

    Raises:
        SettingError: Not an http, https, ws or wss address with a host; or with a query or a password.
    """
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        address, _port = parts.netloc, parts.port
    except ValueError as exc:
        raise SettingError(f"--url: {url!r}: {exc}") from exc
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise SettingError(f"--url: {url!r} is no address like http://HOST:PORT")
    if parts.query or parts.fragment or "@" in address:
        raise SettingError(f"--url: only scheme, host, port and path belong in {parts.hostname!r}'s address")
    return f"{_SCHEMES[parts.scheme]}://{address}{parts.path.rstrip('/')}{_ENDPOINT}"


def _file(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the TOML file's settings; where nothing names a hub, with that of the enrolment."""
    toml = _toml(flags, environ)
    where = flags.get("data_dir") or environ.get("CHATOPS_DATA_DIR") or toml.get("data_dir") or ""
    if flags.get("url") or environ.get("CHATOPS_URL") or toml.get("url") or not isinstance(where, str):
        return toml
    known = known_hub(data_dir(where, environ))
    return toml if known is None else {**known, **toml}


def _toml(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, Any]:
    path = flags.get("config") or environ.get(CONFIG_VARIABLE)
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingError(f"--config: {path!r}: {_reason(exc)}") from exc


def _key(flags: Mapping[str, Any], environ: Mapping[str, str], settings: Settings) -> Configured:
    # A flag stands above the environment, the environment above the file of settings.
    named, key, path = KEY_VARIABLE, environ.get(KEY_VARIABLE, "").strip(), None
    if flags.get("api_key_file") or (not key and settings.api_key_file):
        named, key, path = "--api-key-file", _key_in(settings.api_key_file), Path(settings.api_key_file)
    if not key:
        if kept_key(data_dir(settings.data_dir, environ)) is not None:
            return Configured("")
        raise SettingError(f"missing setting: {KEY_VARIABLE} or --api-key-file; or `chatops-agent enroll`")
    # What is wrong with a key is told without showing it.
    if len(key) > _MAX_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise SettingError(f"{named}: no API key: more than one word, or strange characters")
    if key.startswith(PREFIX) and parse_key(key) is None:
        raise SettingError(f"{named}: the API key is mistyped or cut off: its checksum does not match")
    return Configured(key, path)


def _key_in(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            key = file.read(2 * _MAX_KEY).strip()
    except (OSError, UnicodeError) as exc:
        raise SettingError(f"--api-key-file: {path!r}: {_reason(exc)}") from exc
    if not key:
        raise SettingError(f"--api-key-file: {path!r} is empty")
    return key


def _docker_host(setting: str) -> str:
    return checked("--docker-host", setting) if setting else ""


def _readable(flag: str, path: str) -> str:
    if path:
        try:
            Path(path).open("rb").close()
        except OSError as exc:
            raise SettingError(f"{flag}: {path!r}: {_reason(exc)}") from exc
    return path


def data_dir(setting: str, environ: Mapping[str, str]) -> Path:
    """Return where the agent keeps its state; empty asks for the default.

    Raises:
        SettingError: It is no folder.
    """
    path = Path(setting).expanduser() if setting else _default_data_dir(environ)
    if path.exists() and not path.is_dir():
        raise SettingError(f"--data-dir: {str(path)!r} is no folder")
    return path


def _default_data_dir(environ: Mapping[str, str]) -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/chatops-agent")
    state = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "chatops-agent"


def _reason(exc: Exception) -> str:
    return exc.strerror or str(exc) if isinstance(exc, OSError) else str(exc)
