from pathlib import Path
from typing import Any

import pytest

from chatops_agent.config import endpoint, load
from chatops_wire import keys
from chatops_wire.settings import SettingError

KEY = keys.make(bytes(range(keys.ID_BYTES + keys.SECRET_BYTES))).text
ENV = {"CHATOPS_URL": "http://hub:8765", "CHATOPS_API_KEY": KEY}


def test_the_defaults_allow_nothing() -> None:
    config = load({}, ENV)
    assert config.endpoints == ("ws://hub:8765/api/v1/agents/ws",)
    assert (config.api_key, config.interval_s, config.policy.allowed) == (KEY, 5.0, frozenset())
    assert config.policy.log_paths == (Path("/var/log"),)


def test_a_flag_stands_above_the_environment_and_that_above_the_file(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('interval = 30\nallow = ["logs"]\nlog_level = "debug"\n')
    config = load({"config": str(file), "interval": "2"}, {**ENV, "CHATOPS_ALLOW": "docker,commands"})
    assert (config.interval_s, config.log_level) == (2.0, "debug")
    assert config.policy.allowed == {"docker", "commands"}


def test_an_engine_is_looked_for_unless_it_is_named_or_unwanted() -> None:
    assert load({}, ENV).docker_host == ""
    assert load({"docker_host": "none"}, ENV).docker_host == "none"
    assert load({}, {**ENV, "CHATOPS_DOCKER_HOST": "unix:///run/x"}).docker_host == "unix:///run/x"


def test_of_docker_parts_may_be_denied() -> None:
    policy = load({"allow": "docker", "docker_deny": "exec,prune"}, ENV).policy
    assert policy.denied == {"exec", "prune"}
    assert not policy.allows_exec


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"docker_host": "ssh://somewhere"}, "--docker-host: 'ssh://somewhere' is neither"),
        ({"docker_deny": "exec,dance"}, "--docker-deny: 'dance' is none of exec, prune, remove"),
    ],
)
def test_a_bad_setting_of_the_engine_is_named(flags: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        load(flags, ENV)


def test_several_addresses_come_from_flags_or_one_variable() -> None:
    by_flags = load({"url": ["http://a", "https://b"]}, ENV).endpoints
    by_variable = load({}, {**ENV, "CHATOPS_URL": "http://a,https://b"}).endpoints
    assert by_flags == by_variable == ("ws://a/api/v1/agents/ws", "wss://b/api/v1/agents/ws")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hub.example", "wss://hub.example/api/v1/agents/ws"),
        ("http://[::1]:8765/", "ws://[::1]:8765/api/v1/agents/ws"),
        ("https://example.org/chatops/", "wss://example.org/chatops/api/v1/agents/ws"),
        ("ws://hub:1", "ws://hub:1/api/v1/agents/ws"),
    ],
)
def test_an_address_leads_to_the_agents_socket(url: str, expected: str) -> None:
    assert endpoint(url) == expected


@pytest.mark.parametrize(
    ("flags", "environ", "named"),
    [
        ({}, {"CHATOPS_URL": None}, "--url or CHATOPS_URL"),
        ({"url": ["hub:8765"]}, {}, r"--url: 'hub:8765' is no address"),
        ({"url": ["ftp://hub"]}, {}, "--url: 'ftp://hub' is no address"),
        ({"url": ["http://hub:99999"]}, {}, "--url: 'http://hub:99999': Port out of range"),
        ({"url": ["http://[::1"]}, {}, "--url: 'http://"),
        ({"url": ["http://me:secret@hub"]}, {}, "--url: only scheme, host, port and path"),
        ({"url": []}, {}, "--url: "),
        ({"interval": "abc"}, {}, "--interval: "),
        ({"interval": "0.5"}, {}, "--interval: "),
        ({"interval": "nan"}, {}, "--interval: "),
        ({}, {"CHATOPS_INTERVAL": "-1"}, "CHATOPS_INTERVAL: "),
        ({"allow": "docker,root"}, {}, "--allow: 'root'"),
        ({"log_path": ["logs"]}, {}, "--log-path: "),
        ({"log_level": "loud"}, {}, "--log-level: "),
        ({"config": "/does/not/exist"}, {}, "--config: '/does/not/exist': No such file"),
        ({"data_dir": "/etc/passwd"}, {}, "--data-dir: '/etc/passwd' is no folder"),
        ({"tls_ca": "/does/not/exist"}, {}, "--tls-ca: '/does/not/exist': No such file"),
        ({"api_key_file": "/does/not/exist"}, {}, "--api-key-file: '/does/not/exist': No such file"),
        ({}, {"CHATOPS_API_KEY": None}, "CHATOPS_API_KEY or --api-key-file"),
        ({}, {"CHATOPS_API_KEY": "  "}, "CHATOPS_API_KEY or --api-key-file"),
        ({}, {"CHATOPS_API_KEY": "two words"}, "CHATOPS_API_KEY: no API key"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(
    flags: dict[str, Any], environ: dict[str, str | None], named: str
) -> None:
    merged = {name: value for name, value in {**ENV, **environ}.items() if value is not None}
    with pytest.raises(SettingError, match=named) as caught:
        load(flags, merged)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", [KEY[:-1], KEY.replace("a", "b", 1), "chops_"])
def test_a_mistyped_key_is_refused_here_and_not_shown(key: str) -> None:
    with pytest.raises(SettingError, match="CHATOPS_API_KEY: the API key is mistyped") as caught:
        load({}, {**ENV, "CHATOPS_API_KEY": key})
    assert key[6:20] == "" or key[6:20] not in str(caught.value)


def test_a_key_of_another_form_is_the_hubs_to_judge() -> None:
    assert load({}, {**ENV, "CHATOPS_API_KEY": "sk-other"}).api_key == "sk-other"


def test_a_key_file_named_by_flag_stands_above_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("other-key\n")
    assert load({"api_key_file": str(file)}, ENV).api_key == "other-key"
    assert load({}, {**ENV, "CHATOPS_API_KEY_FILE": str(file)}).api_key == KEY
    assert load({}, {"CHATOPS_URL": "http://h", "CHATOPS_API_KEY_FILE": str(file)}).api_key == "other-key"


def test_an_empty_key_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("\n")
    with pytest.raises(SettingError, match=r"--api-key-file: .* is empty"):
        load({"api_key_file": str(file)}, ENV)


@pytest.mark.parametrize(
    ("text", "named"),
    [("= 1", "--config: "), ("intervall = 3", "'intervall'"), ("api_key = 'x'", "'api_key'")],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(text)
    with pytest.raises(SettingError, match=named):
        load({}, {**ENV, "CHATOPS_CONFIG": str(file)})


def test_the_key_is_in_no_representation() -> None:
    assert KEY not in repr(load({}, ENV))
