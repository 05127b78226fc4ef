"""Settings of the hub: what is accepted, and what is said of the rest."""

from pathlib import Path

import pytest

from chatops_server.certificate import make_own
from chatops_server.config import check_exposure, load
from chatops_server.secret_file import kept_secret
from chatops_wire.settings import SettingError

GOOD = "0123456789abcdef0123456789abcdef"


def test_defaults_listen_on_loopback(tmp_path: Path) -> None:
    config = load({"data_dir": str(tmp_path)}, {})
    assert (config.host, config.port, config.tls) == ("127.0.0.1", 8765, None)
    assert config.database == tmp_path / "hub.db"


def test_flag_before_environment_before_file(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(f'host = "::1"\nport = 1\nlog_level = "debug"\ndata_dir = "{tmp_path}"\n')
    environ = {"CHATOPS_PORT": "2", "CHATOPS_HOST": "::2", "CHATOPS_CONFIG": str(file)}
    config = load({"port": "3"}, environ)
    assert (config.port, config.host, config.log_level) == (3, "::2", "debug")


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ("/srv/hub.db", "/srv/hub.db"),
        ("sqlite:///srv/hub.db", "/srv/hub.db"),
        ("sqlite:////srv/hub.db", "/srv/hub.db"),
    ],
)
def test_a_database_of_sqlite_is_named_by_path_or_by_url(database: str, expected: str) -> None:
    assert load({"database": database}, {}).database == Path(expected)


@pytest.mark.parametrize(
    ("flags", "environ", "named"),
    [
        ({"port": "many"}, {}, "--port"),
        ({"port": "65536"}, {}, "--port"),
        ({}, {"CHATOPS_PORT": "-1"}, "CHATOPS_PORT"),
        ({"host": ""}, {}, "--host"),
        ({"log_level": "loud"}, {}, "--log-level"),
        ({"database": "postgresql://db"}, {}, "--database: expected postgresql://"),
        ({"database": "mysql://db/hub"}, {}, "--database"),
        ({"database": "sqlite:///"}, {}, "--database"),
        ({"tls_cert": "cert.pem"}, {}, "--tls-key"),
        ({"tls_key": "key.pem"}, {}, "--tls-cert"),
        ({"tls_cert": "none.pem", "tls_key": "none.pem"}, {}, "--tls-cert: 'none.pem'"),
        ({}, {"CHATOPS_SECRET": "changeme"}, "CHATOPS_SECRET"),
        ({}, {"CHATOPS_SECRET": "x" * 64}, "CHATOPS_SECRET"),
        ({}, {"CHATOPS_SECRET_FILE": "/none"}, "CHATOPS_SECRET_FILE: '/none'"),
        ({"config": "/none"}, {}, "--config: '/none'"),
        ({"data_dir": "/dev/null"}, {}, "--data-dir: '/dev/null' is no folder"),
        ({"data_dir": "/dev/null/hub"}, {}, "--data-dir: '/dev/null' is no folder"),
        ({"database": "/dev/null/hub.db"}, {}, "--database: '/dev/null' is no folder"),
        ({"database": "/dev"}, {}, "--database: '/dev' is a folder"),
        ({"database": "/nope/hub.db"}, {}, "--database: there is no folder '/nope'"),
        ({"data_dir": "/" + "x" * 300}, {}, "--data-dir: '/xxx"),
        ({"database": "/" + "x" * 300}, {}, "--database: '/xxx"),
        ({"data_dir": "~nobody_of_that_name/hub"}, {}, "--data-dir: '~nobody_of_that_name/hub': there is no"),
        (
            {"database": "~nobody_of_that_name/hub.db"},
            {},
            "--database: '~nobody_of_that_name/hub.db': there is",
        ),
        ({"bus": "redis://bus"}, {}, "--bus: expected nats://"),
        ({}, {"CHATOPS_ADMIN_PASSWORD": "x" * 1025}, "CHATOPS_ADMIN_PASSWORD"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(
    flags: dict[str, str], environ: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingError) as raised:
        load(flags, environ)
    assert str(raised.value).startswith(named)
    assert "\n" not in str(raised.value)


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as raised:
        load({}, {"CHATOPS_SECRET": "short-secret"})
    assert "short-secret" not in str(raised.value)
    config = load(
        {"data_dir": str(tmp_path)}, {"CHATOPS_SECRET": GOOD, "CHATOPS_ADMIN_PASSWORD": "well hidden"}
    )
    assert config.secret == GOOD
    assert GOOD not in repr(config)
    assert "well hidden" not in repr(config)


def test_files_that_are_no_certificate_are_named(tmp_path: Path) -> None:
    pem = tmp_path / "cert.pem"
    pem.write_text("nothing")
    with pytest.raises(SettingError, match="no usable pair"):
        load({"tls_cert": str(pem), "tls_key": str(pem)}, {})


def test_the_secret_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first = kept_secret(tmp_path)
    path = tmp_path / "secret"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert kept_secret(tmp_path) == first
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_secret_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    with pytest.raises(SettingError, match="secret"):
        kept_secret(tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_what_only_this_machine_reaches_needs_no_tls(tmp_path: Path, host: str) -> None:
    check_exposure(load({"host": host, "data_dir": str(tmp_path)}, {}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "hub.lan"])  # noqa: S104 - they are refused
def test_what_other_machines_reach_needs_tls_or_a_word(tmp_path: Path, host: str) -> None:
    flags = {"host": host, "data_dir": str(tmp_path)}
    with pytest.raises(SettingError, match="--plain-http"):
        check_exposure(load(flags, {}))
    check_exposure(load(flags | {"plain_http": True}, {}))
    make_own(tmp_path, [], renew=False)
    check_exposure(load(flags, {}))


def test_a_certificate_made_first_leaves_the_data_to_its_owner(tmp_path: Path) -> None:
    data_dir = tmp_path / "hub"
    make_own(data_dir, [], renew=False)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (data_dir, *data_dir.rglob("*"))}
    assert modes == {"hub": 0o700, "tls": 0o700, "key.pem": 0o600, "cert.pem": 0o644}


def test_the_bus_is_named_by_flag_environment_or_file(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text('bus = "nats://file:4222"\n')
    environ = {"CHATOPS_CONFIG": str(file), "XDG_STATE_HOME": str(tmp_path)}
    from_file = load({"data_dir": str(tmp_path)}, environ).bus
    from_environment = load({"data_dir": str(tmp_path)}, {**environ, "CHATOPS_BUS": "nats://env:4222"}).bus
    assert (str(from_file), str(from_environment)) == ("nats://file:4222", "nats://env:4222")
    assert load({"data_dir": str(tmp_path)}, {}).bus is None
