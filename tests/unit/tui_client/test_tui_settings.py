"""Settings of the UI and CLI: where they come from, and the one line a wrong one gets."""

from pathlib import Path
from typing import get_args

import pytest

from chatops_tui.config import DEFAULT_URL, ThemeName, config_dir, load, parse_url, state_dir
from chatops_tui.themes import names
from chatops_wire.settings import SettingError


def test_defaults_need_nothing() -> None:
    settings = load({}, {})

    assert settings.url == DEFAULT_URL
    assert (settings.username, settings.password, settings.tokens, settings.tour) == ("", None, None, False)


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('url = "http://file:1"\nusername = "file"\ntheme = "ansi-light"\n')
    environ = {"CHATOPS_CONFIG": str(file), "CHATOPS_URL": "http://env:2", "CHATOPS_USERNAME": "env"}

    settings = load({"url": "http://flag:3", "username": None}, environ)

    assert (settings.url, settings.username, settings.theme) == ("http://flag:3", "env", "ansi-light")


def test_a_theme_is_one_of_ours() -> None:
    assert set(get_args(ThemeName)) == {"", *names(is_poor=False), *names(is_poor=True)}
    with pytest.raises(SettingError, match=r"^CHATOPS_THEME: 'nope' is none of ansi-dark, "):
        load({}, {"CHATOPS_THEME": "nope"})


def test_the_file_is_found_in_the_config_folder(tmp_path: Path) -> None:
    (tmp_path / "chatops").mkdir()
    (tmp_path / "chatops" / "config.toml").write_text("low_bandwidth = true\nmouse = 'off'\n")

    settings = load({}, {"XDG_CONFIG_HOME": str(tmp_path)})

    assert (settings.low_bandwidth, settings.mouse) == (True, "off")


def test_the_password_comes_from_the_environment_only(tmp_path: Path) -> None:
    assert load({}, {"CHATOPS_PASSWORD": "s3cret"}).password == "s3cret"  # noqa: S105 - a test's
    (tmp_path / "c.toml").write_text('password = "x"')
    with pytest.raises(SettingError, match="unknown setting 'password'"):
        load({"config": str(tmp_path / "c.toml")}, {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour = 1", "unknown setting 'colour' in the configuration file"),
        ("mouse = 'sometimes'", "mouse in the configuration file: "),
        ("url = 5", "url in the configuration file: "),
        ("= broken", "is no TOML"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_the_setting(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(SettingError) as caught:
        load({"config": str(tmp_path / "c.toml")}, {})

    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"config: no file .*none\.toml"):
        load({"config": str(tmp_path / "none.toml")}, {})


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"\xff\xff")
    with pytest.raises(SettingError, match="cannot be read"):
        load({"config": str(tmp_path / "c.toml")}, {})
    with pytest.raises(SettingError, match="cannot be read"):
        load({"config": str(tmp_path)}, {})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("https://Hub.Example/", "https://hub.example"),
        ("https://hub.example/chatops/", "https://hub.example/chatops"),
        ("localhost:9000", "http://localhost:9000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8765", "http://[::1]:8765"),
        ("hub.example:8765", "https://hub.example:8765"),
        (" http://hub ", "http://hub"),
        ("a.example, localhost:1/", "https://a.example,http://localhost:1"),
    ],
)
def test_an_address_is_used_in_one_form(text: str, url: str) -> None:
    assert parse_url(text) == url
    assert parse_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://hub",
        "http://",
        "http://hub:port",
        "http://u:p@hub",
        "http://hub?x=1",
        "http://a b",
        "http://[::1",
        "http://a,",
        "http://a,ftp://b",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=r"^url: "):
        parse_url(text)


def test_folders_follow_xdg_and_ignore_a_relative_one() -> None:
    environ = {"HOME": "/abode", "XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "/state"}

    assert config_dir(environ) == Path("/abode/.config/chatops")
    assert state_dir(environ) == Path("/state/chatops")


def test_keys_of_ones_own_come_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[keymap]\n"fleet.sort" = "o"\n')
    assert load({"config": str(path)}, {}).keymap == {"fleet.sort": "o"}
    path.write_text('keymap = "o"\n')
    with pytest.raises(SettingError, match="keymap: each line is an id and its keys"):
        load({"config": str(path)}, {})


def test_pictures_a_second_have_bounds() -> None:
    assert load({"fps": 2.5}, {}).fps == 2.5
    with pytest.raises(SettingError, match=r"fps: 99 is not from 0\.1 to 30"):
        load({"fps": 99}, {})
