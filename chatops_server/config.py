"""Settings of `chatops-server`: flag, else environment, else TOML file, else default."""

import os
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from chatops_server.bus import address as bus_address
from chatops_server.bus.address import NatsAddress
from chatops_server.domain.addresses import is_loopback
from chatops_server.domain.keeping import Terms
from chatops_server.storage.postgres.address import SCHEMES, PostgresUrl, parsed
from chatops_server.tls_files import own_pair
from chatops_wire.settings import SettingError, settle

CONFIG_VARIABLE: Final = "CHATOPS_CONFIG"
# What HS256 needs (RFC 7518, 3.2).
MIN_SECRET: Final = 32
# A word repeated until it is long enough is no secret.
_MIN_DISTINCT: Final = 8
_DATABASE_FILE: Final = "hub.db"


class Settings(Struct, frozen=True, kw_only=True):
    """What a flag, a CHATOPS_ variable or a line of the TOML file may set."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """Address to listen on; 0.0.0.0 or :: for every one of this machine."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8765
    """Port to listen on; 0 takes a free one."""
    data_dir: str = ""
    """Where the hub keeps its state; empty: /var/lib/chatops-server for root, else in ~/.local/state."""
    database: str = ""
    """A file, sqlite:///FILE or postgresql://USER@HOST/NAME; empty: hub.db in the data directory."""
    bus: str = ""
    """Where hubs of one database meet: nats://HOST:PORT, several with commas; empty: this hub is alone."""
    tls_cert: str = ""
    """A PEM file with the certificate and its chain; with it the hub speaks https."""
    tls_key: str = ""
    """The PEM file with the certificate's private key."""
    allowed_host: tuple[Annotated[str, Meta(min_length=1, max_length=253)], ...] = ()
    """Answer only requests for these names and addresses; none: for any."""
    plain_http: bool = False
    """Serve http, without TLS, also on addresses that other machines reach."""
    ssh_port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    """Serve the UI over ssh on this port too (extra `ssh`); 0 takes a free one."""
    admin_password: Annotated[str, Meta(max_length=1024)] = ""
    """Password of the first admin, at the first start; empty: a random one, printed once."""
    secret: str = ""
    """Signs access tokens, at least 32 characters; empty: made at the first start, in the data directory."""
    secret_file: str = ""
    """A file that holds the secret."""
    secret_previous: str = ""
    """The secret before it, for as long as tokens it signed live; secrets in the database are sealed anew."""
    metrics_public: bool = False
    """Answer /metrics without a token, to whoever can connect."""
    webhook_allow_private: bool = False
    """Let webhooks lead to this machine and private networks; on where only this machine reaches the hub."""
    record_terminals: bool = False
    """Keep what terminals show, as asciicast files in the data directory; never what is typed."""
    keep_commands_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    """How long commands, their output and recordings of terminals are kept."""
    keep_output_mb: Annotated[int, Meta(ge=16, le=1_000_000)] = 1024
    """How much output of commands is kept, compressed; beyond it the oldest goes, the commands stay."""
    keep_raw_days: Annotated[int, Meta(ge=1, le=3650)] = 7
    """How long samples are kept one by one."""
    keep_minutes_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    """How long their rollups by the minute are kept."""
    keep_ten_minutes_days: Annotated[int, Meta(ge=1, le=3650)] = 180
    """Likewise by ten minutes."""
    keep_hours_days: Annotated[int, Meta(ge=1, le=36500)] = 730
    """Likewise by the hour."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much to tell on stderr."""


@dataclass(frozen=True, slots=True)
class SshConfig:
    """How the UI is served over ssh."""

    port: int
    pin: str
    """Of the hub's certificate, by which the UI believes it; empty: plain http."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in the form the hub uses."""

    host: str
    port: int
    data_dir: Path
    database: Path | PostgresUrl
    tls: ssl.SSLContext | None
    """None: http."""
    log_level: str
    # Not in the representation, so that no log or traceback ever shows them.
    admin_password: str | None = field(repr=False)
    secret: str | None = field(repr=False)
    """None: the one in the data directory."""
    plain_http: bool = False
    metrics_public: bool = False
    webhook_allow_private: bool = False
    record_terminals: bool = False
    terms: Terms = field(default_factory=Terms)
    previous_secret: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    pin: str = ""
    """Of the hub's own certificate; empty where an authority vouches for it."""
    ssh: SshConfig | None = None
    """None: no ssh."""
    bus: NatsAddress | None = None
    """None: this hub is alone."""


def load(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration.

    Args:
        flags: Values by field of `Settings`, None where the flag was not given; `config` names the TOML file.
        environ: Where CHATOPS_ variables are looked up.

    Raises:
        SettingError: One line that names the setting, or the file.
    """
    settings = settle(Settings, flags=flags, environ=environ, file=_toml(flags, environ))
    data_dir = _data_dir(settings.data_dir, environ)
    return Config(
        host=settings.host,
        port=settings.port,
        data_dir=data_dir,
        database=_database(settings.database, data_dir),
        bus=bus_address.parsed(settings.bus) if settings.bus else None,
        tls=_tls(settings.tls_cert, settings.tls_key) or _own_tls(data_dir),
        plain_http=settings.plain_http,
        pin=_own_pin(data_dir) if not settings.tls_cert else "",
        ssh=_ssh(settings, data_dir),
        log_level=settings.log_level,
        admin_password=settings.admin_password or None,
        secret=_secret(settings),
        previous_secret=_previous_secret(settings),
        allowed_hosts=settings.allowed_host,
        metrics_public=settings.metrics_public,
        webhook_allow_private=settings.webhook_allow_private or is_loopback(settings.host),
        record_terminals=settings.record_terminals,
        terms=_terms(settings),
    )


def _terms(settings: Settings) -> Terms:
    return Terms(
        raw_days=settings.keep_raw_days,
        minutes_days=settings.keep_minutes_days,
        ten_minutes_days=settings.keep_ten_minutes_days,
        hours_days=settings.keep_hours_days,
        commands_days=settings.keep_commands_days,
        output_mb=settings.keep_output_mb,
    )


def check_exposure(config: Config) -> None:
    """Let only a hub start whose traffic cannot be read on the network, or that was told so.

    Raises:
        SettingError: Other machines reach it, and everything would be readable on the way, passwords too.
    """
    if config.tls is None and not config.plain_http and not is_loopback(config.host):
        raise SettingError(
            f"--host: {config.host!r} is reached by other machines, and without TLS passwords can be read on"
            " the way: run `chatops-server tls init`, name --tls-cert and --tls-key, or say --plain-http"
        )


def checked_secret(named: str, secret: str) -> str:
    """Return a secret that is worth the name.

    Raises:
        SettingError: Too short, or a few characters over and over. It is not shown.
    """
    if len(secret) < MIN_SECRET or len(set(secret)) < _MIN_DISTINCT:
        raise SettingError(f"{named}: expected at least {MIN_SECRET} random characters")
    return secret


def _toml(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, Any]:
    path = flags.get("config") or environ.get(CONFIG_VARIABLE)
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingError(f"--config: {path!r}: {_reason(exc)}") from exc


def _data_dir(setting: str, environ: Mapping[str, str]) -> Path:
    path = _path("--data-dir", setting or _default_data_dir(environ))
    _check_folder("--data-dir", path)
    return path


def _default_data_dir(environ: Mapping[str, str]) -> str:
    if os.geteuid() == 0:
        return "/var/lib/chatops-server"
    return f"{environ.get('XDG_STATE_HOME') or '~/.local/state'}/chatops-server"


def _path(named: str, text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as exc:  # a ~ of somebody without a home
        raise SettingError(f"{named}: {text!r}: there is no such home") from exc


def _check_folder(named: str, path: Path) -> None:
    # It may still have to be made: then in the nearest one that is there.
    nearest = next(folder for folder in (path, *path.parents) if _exists(named, folder))
    if not nearest.is_dir():
        raise SettingError(f"{named}: {str(nearest)!r} is no folder")
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        raise SettingError(f"{named}: {str(nearest)!r} may not be written")


def _exists(named: str, path: Path) -> bool:
    try:
        return path.exists()
    except OSError as exc:  # too long a name, or a folder on the way that may not be looked into
        raise SettingError(f"{named}: {str(path)!r}: {_reason(exc)}") from exc


def _database(setting: str, data_dir: Path) -> Path | PostgresUrl:
    if not setting:
        return data_dir / _DATABASE_FILE
    if setting.partition("://")[0] in SCHEMES:
        return parsed(setting)
    path = _database_file(setting)
    _check_folder("--database", path.parent)
    # A folder that is not there is more likely a slip than a wish; only the data directory is made.
    if path.parent != data_dir and not _exists("--database", path.parent):
        raise SettingError(f"--database: there is no folder {str(path.parent)!r}")
    if _exists("--database", path) and path.is_dir():
        raise SettingError(f"--database: {str(path)!r} is a folder")
    return path


def _database_file(setting: str) -> Path:
    scheme, separator, rest = setting.partition("://")
    if not separator:
        return _path("--database", setting)
    if scheme != "sqlite" or not rest.strip("/"):
        raise SettingError("--database: expected a file, sqlite:///FILE or postgresql://USER@HOST/NAME")
    # sqlite:////srv/hub.db and sqlite:///srv/hub.db name the same file.
    return Path("/" + rest.lstrip("/"))


def _tls(cert: str, key: str) -> ssl.SSLContext | None:
    if not cert and not key:
        return None
    if not cert or not key:
        missing = "--tls-cert" if not cert else "--tls-key"
        raise SettingError(f"{missing}: certificate and key are needed together")
    for flag, path in (("--tls-cert", cert), ("--tls-key", key)):
        try:
            Path(path).open("rb").close()
        except OSError as exc:
            raise SettingError(f"{flag}: {path!r}: {_reason(exc)}") from exc
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An empty password, so that an encrypted key is an error and no prompt.
        context.load_cert_chain(cert, key, password="")
    except (ssl.SSLError, OSError) as exc:
        raise SettingError(f"--tls-cert: {cert!r} and --tls-key {key!r} are no usable pair") from exc
    return context


def _own_tls(data_dir: Path) -> ssl.SSLContext | None:
    """Return the certificate that `tls init` made; whoever made one wants it used."""
    pair = own_pair(data_dir)
    return _tls(str(pair.cert), str(pair.key)) if _exists("--data-dir", pair.cert) else None


def _own_pin(data_dir: Path) -> str:
    pair = own_pair(data_dir)
    if not _exists("--data-dir", pair.cert):
        return ""
    from chatops_server.certificate import pin_in  # noqa: PLC0415 - only a hub with one needs what reads it

    return pin_in(pair.cert)


def _ssh(settings: Settings, data_dir: Path) -> SshConfig | None:
    if settings.ssh_port is None:
        return None
    if not settings.tls_cert:
        return SshConfig(settings.ssh_port, _own_pin(data_dir))
    from chatops_server.certificate import pin_in  # noqa: PLC0415 - as above

    return SshConfig(settings.ssh_port, pin_in(Path(settings.tls_cert)))


def _secret(settings: Settings) -> str | None:
    if settings.secret:
        return checked_secret("CHATOPS_SECRET", settings.secret)
    if not settings.secret_file:
        return None
    try:
        text = Path(settings.secret_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as exc:
        raise SettingError(f"CHATOPS_SECRET_FILE: {settings.secret_file!r}: {_reason(exc)}") from exc
    return checked_secret("CHATOPS_SECRET_FILE", text)


def _previous_secret(settings: Settings) -> str | None:
    previous = settings.secret_previous
    return checked_secret("CHATOPS_SECRET_PREVIOUS", previous) if previous else None


def _reason(exc: Exception) -> str:
    return exc.strerror or str(exc) if isinstance(exc, OSError) else str(exc)
