"""Settings of the UI and the command line: flag, else environment, else TOML file, else default."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from chatops_wire.pins import parse_pin
from chatops_wire.rest import Tokens
from chatops_wire.settings import SettingError, settle

DEFAULT_URL: Final = "http://127.0.0.1:8765"
# Two tokens and their frame are some 700 bytes.
_TOKENS_BYTES: Final = 16 * 1024
PASSWORD_VARIABLE: Final = "CHATOPS_PASSWORD"  # noqa: S105 - the name of a variable, not a secret
CONFIG_VARIABLE: Final = "CHATOPS_CONFIG"

# Slower is a still picture, faster than a terminal is read.
_LEAST_FPS: Final = 0.1
_MOST_FPS: Final = 30.0

ColorMode = Literal["auto", "truecolor", "256", "16"]
# `themes` makes them; named here too, so that a wrong one is told without loading Textual.
ThemeName = Literal["", "chatops-dark", "chatops-light", "chatops-contrast", "ansi-dark", "ansi-light"]
MouseMode = Literal["auto", "on", "off"]
AlertSignal = Literal["desktop", "bell", "toast", "off"]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a flag, a CHATOPS_ variable or a line of config.toml may choose."""

    url: str = DEFAULT_URL
    """The hub's address, as `parse_url` returns it."""
    tls_ca: str = ""
    """A PEM file whose certificates are believed instead of the system's; for hubs that sign their own."""
    tls_pin: str = ""
    """The pin of the hub's certificate, as `chatops-server tls init` shows it; then no authority is asked."""
    username: str = ""
    """Empty: the one last used at this hub, or ask."""
    theme: ThemeName = ""
    """A theme's name; empty: what suits the terminal."""
    color: ColorMode = "auto"
    ascii: bool = False
    """Draw with ASCII only."""
    mouse: MouseMode = "auto"
    """auto: on, but off over SSH."""
    low_bandwidth: bool = False
    """Send the terminal as little as possible."""
    fps: float | None = None
    """The most pictures a second, from 0.1 to 30; None: what suits the terminal."""
    confirm: tuple[str, ...] = ()
    """Regular expressions: commands the UI asks about before it runs them. Empty: `store.danger.USUAL`."""
    signing_key: str = ""
    """The key that signs what machines ask to have signed: a private key, or the .pub of one in ssh-agent.
    Empty: `signing_key` beside config.toml, where there is one."""
    allow_clipboard: bool = False
    """Let programs in a shell on a server write this machine's clipboard (OSC 52)."""
    dashboards: str = ""
    """The file of dashboards; empty: `dashboards.toml` beside config.toml."""
    alert_signal: AlertSignal = "desktop"
    """How the UI tells a new critical alert; each includes those after it."""


class Settings(Choices, frozen=True, kw_only=True):
    """The choices, and what only this start brings along."""

    password: str | None = None
    """Answers the password prompt (CHATOPS_PASSWORD); never read from a file or a flag."""
    tokens: Tokens | None = None
    """A session that is already open: nobody signs in, and nothing is remembered."""
    keymap: dict[str, str] = msgspec.field(default_factory=dict)
    """Keys of one's own, by the id of what they do: the table `keymap` of the file."""
    address: str = ""
    """Where to begin, as it is typed after `:`; empty: with the fleet."""
    tour: bool = False
    """Show a newcomer what to press."""
    hosted: bool = False
    """Whoever looks is not at this machine: nothing of theirs is written here, and no other hub is called."""


def load(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings.

    Args:
        flags: Values by field of `Choices`, None where the flag was not given; `config` names another file.
        environ: Where CHATOPS_ and XDG_ variables are looked up.

    Raises:
        SettingError: One line that names the setting or the file.
    """
    file = _file(flags, environ)
    keymap = _keymap(file.pop("keymap", {}))
    choices = settle(Choices, flags=flags, environ=environ, file=file)
    if choices.fps is not None and not _LEAST_FPS <= choices.fps <= _MOST_FPS:
        raise SettingError(f"fps: {choices.fps:g} is not from {_LEAST_FPS:g} to {_MOST_FPS:g}")
    if choices.tls_ca:
        _check_certificates(choices.tls_ca)
    _check_pin(choices.tls_pin)
    for pattern in choices.confirm:
        _check_pattern(pattern)
    fields = msgspec.structs.asdict(choices) | {"url": parse_url(choices.url)}
    return Settings(**fields, keymap=keymap, password=environ.get(PASSWORD_VARIABLE) or None)


def hosted(settings: Settings, tokens_fd: int | None = None) -> Settings:
    """Return the settings of a UI that is shown to somebody elsewhere.

    Args:
        settings: Which hub, for whom, and how it is drawn.
        tokens_fd: Where their session is read from to its end, as the JSON of `Tokens`; None: it is in the
            remembered sessions.

    Raises:
        SettingError: Nothing of the kind can be read there.
    """
    if tokens_fd is None:
        return msgspec.structs.replace(settings, hosted=True, password=None)
    try:
        with open(tokens_fd, "rb") as source:  # noqa: PTH123 - a descriptor has no path
            tokens = msgspec.json.decode(source.read(_TOKENS_BYTES), type=Tokens)
    except (OSError, msgspec.DecodeError) as exc:
        raise SettingError("tokens-fd: there is no session") from exc
    return msgspec.structs.replace(settings, hosted=True, password=None, tokens=tokens)


def _keymap(found: object) -> dict[str, str]:
    try:
        return msgspec.convert(found, dict[str, str])
    except msgspec.ValidationError as exc:
        raise SettingError(f'keymap: each line is an id and its keys, "fleet.sort" = "o": {exc}') from exc


def parse_url(text: str) -> str:
    """Return a hub's address as it is used and remembered: scheme, host, port, path without a last slash.

    A missing scheme is http for this machine and https for any other. Several hubs that share a database are
    one hub with several addresses, with commas.

    Raises:
        SettingError: No such address; the text says what is wrong with it.
    """
    return ",".join(_parsed(each) for each in text.split(","))


def _parsed(text: str) -> str:
    address = text.strip()
    if "://" not in address:
        address = f"{_usual_scheme(address)}://{address}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise SettingError(f"url: {text!r} is no address: {exc}") from exc
    if parts.scheme not in {"http", "https"}:
        raise SettingError(f"url: {text!r} must begin with http:// or https://")
    if not host or any(character.isspace() for character in address):
        raise SettingError(f"url: {text!r} names no host")
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingError("url: only scheme, host, port and path; user and password are asked for")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"


def _check_certificates(path: str) -> None:
    import ssl  # noqa: PLC0415 - few need it

    try:
        ssl.create_default_context(cafile=path)
    except OSError as exc:
        # Of a file that is there ssl says nothing that helps.
        why = "it holds no certificate" if isinstance(exc, ssl.SSLError) else exc.strerror
        raise SettingError(f"tls_ca: {path!r}: {why}") from exc


def _check_pin(pin: str) -> None:
    try:
        if pin:
            parse_pin(pin)
    except ValueError as exc:
        raise SettingError(f"tls_pin: {exc}") from exc


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as exc:
        raise SettingError(f"confirm: {pattern!r} is no regular expression: {exc}") from exc


def config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of config.toml and of the remembered sessions; it need not exist."""
    return _base(environ, "XDG_CONFIG_HOME", ".config") / "chatops"


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what may be thrown away, such as the demo; it need not exist."""
    return _base(environ, "XDG_STATE_HOME", ".local/state") / "chatops"


def _usual_scheme(address: str) -> str:
    host = address.split("/", 1)[0].rsplit(":", 1)[0]
    return "http" if host in {"localhost", "127.0.0.1", "[::1]"} else "https"


def _base(environ: Mapping[str, str], variable: str, otherwise: str) -> Path:
    # The XDG specification: a relative path there is to be ignored.
    chosen = Path(environ.get(variable, ""))
    return chosen if chosen.is_absolute() else Path(environ.get("HOME") or "~").expanduser() / otherwise


def _file(flags: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    named = flags.get("config") or environ.get(CONFIG_VARIABLE)
    path = Path(named) if named else config_dir(environ) / "config.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        if named:
            raise SettingError(f"config: no file {path}") from exc
        return {}
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingError(f"config: {path} cannot be read: {exc}") from exc
    except tomllib.TOMLDecodeError as exc:
        raise SettingError(f"config: {path} is no TOML: {exc}") from exc
