"""Which source decides a setting, and what a person reads when a value cannot be used."""

from typing import Annotated, Any, Literal

import msgspec
import pytest

from chatops_wire.settings import SettingError, settle


class Example(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8765
    interval: float = 5.0
    allow: tuple[str, ...] = ()
    paths: list[str] = []
    public: bool = False
    token: str | None = None
    theme: Literal["", "dark", "light"] = ""
    parts: tuple[Literal["docker", "logs"], ...] = ()


def _settle(
    flags: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
    file: dict[str, Any] | None = None,
) -> Example:
    return settle(Example, flags={"url": "u"} | (flags or {}), environ=environ or {}, file=file or {})


def test_without_a_source_the_default_holds() -> None:
    assert _settle() == Example(url="u")


@pytest.mark.parametrize(
    ("flags", "environ", "file", "port"),
    [
        ({"port": 1}, {"CHATOPS_PORT": "2"}, {"port": 3}, 1),
        ({"port": None}, {"CHATOPS_PORT": "2"}, {"port": 3}, 2),
        ({}, {}, {"port": 3}, 3),
        ({"port": 0}, {"CHATOPS_PORT": "2"}, {}, 0),
    ],
)
def test_the_flag_comes_before_the_environment_before_the_file(
    flags: dict[str, Any], environ: dict[str, str], file: dict[str, Any], port: int
) -> None:
    assert port == _settle(flags, environ, file).port


def test_a_false_flag_is_an_answer_too() -> None:
    assert not _settle({"public": False}, {"CHATOPS_PUBLIC": "1"}).public


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_the_environment_can_say_yes_and_no(text: str, value: bool) -> None:  # noqa: FBT001 - a table
    assert value == _settle(environ={"CHATOPS_PUBLIC": text}).public


def test_a_list_is_comma_separated_in_the_environment() -> None:
    settled = _settle(environ={"CHATOPS_ALLOW": "docker, logs,,", "CHATOPS_PATHS": "/var/log"})
    assert (settled.allow, settled.paths) == (("docker", "logs"), ["/var/log"])


def test_an_empty_list_in_the_environment_is_empty() -> None:
    assert _settle(environ={"CHATOPS_ALLOW": ""}, file={"allow": ["logs"]}).allow == ()


def test_a_list_may_be_a_list_in_the_file() -> None:
    assert _settle(file={"allow": ["docker"]}).allow == ("docker",)


def test_another_prefix_reads_other_names() -> None:
    settled = settle(Example, flags={}, environ={"X_URL": "x", "CHATOPS_URL": "no"}, file={}, prefix="X_")
    assert settled.url == "x"


@pytest.mark.parametrize(
    ("flags", "environ", "file", "message"),
    [
        ({"port": "many"}, {}, {}, "--port: Expected `int`, got `str`"),
        ({"port": 65536}, {}, {}, "--port: Expected `int` <= 65535"),
        ({}, {"CHATOPS_INTERVAL": "soon"}, {}, "CHATOPS_INTERVAL: Expected `float`, got `str`"),
        ({}, {"CHATOPS_PORT": "-1"}, {}, "CHATOPS_PORT: Expected `int` >= 0"),
        (
            {},
            {},
            {"public": "perhaps"},
            "public in the configuration file: 'perhaps' is none of true, false, 1, 0",
        ),
        ({"theme": "nope"}, {}, {}, "--theme: 'nope' is none of dark, light"),
        ({}, {"CHATOPS_PARTS": "docker,bad"}, {}, "CHATOPS_PARTS: 'bad' is none of docker, logs"),
        ({}, {}, {"parts": 5}, "parts in the configuration file: Expected `array`, got `int`"),
        ({}, {}, {"porto": 1, "zeta": 2}, "unknown setting 'porto' in the configuration file"),
    ],
)
def test_a_bad_setting_is_named_with_its_source_in_one_line(
    flags: dict[str, Any], environ: dict[str, str], file: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        _settle(flags, environ, file)
    assert message == str(caught.value)


def test_a_missing_setting_says_both_ways_to_give_it() -> None:
    with pytest.raises(SettingError, match=r"^missing setting: --url or CHATOPS_URL$"):
        settle(Example, flags={"url": None}, environ={}, file={})
