"""Where the bus is, as a setting names it."""

import pytest

from chatops_server.bus.address import parsed
from chatops_server.bus.subjects import hears, is_subject
from chatops_wire.settings import SettingError


def test_one_address_and_the_space_that_is_usual() -> None:
    address = parsed("nats://bus.example:4222")
    assert (address.urls, address.space) == (("nats://bus.example:4222",), "chatops")


def test_several_addresses_in_a_space_of_their_own() -> None:
    address = parsed("nats://a:4222/team-b, tls://b:4222/team-b")
    assert (address.urls, address.space) == (("nats://a:4222", "tls://b:4222"), "team-b")


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "bus.example",
        "http://bus:4222",
        "nats://",
        "nats://bus:port",
        "nats://a:1,",
        "nats://a:1/x,nats://b:1/y",
        "nats://a:1/x y",
        "nats://a:1/>",
        "nats://a:1/x/y",
        "nats://a:1?x=1",
    ],
)
def test_what_is_no_bus_is_named(setting: str) -> None:
    with pytest.raises(SettingError, match=r"^--bus: expected "):
        parsed(setting)


def test_no_password_is_shown() -> None:
    address = parsed("nats://hub:hidden-1@a:4222,nats://hidden-2@b:4222")
    assert str(address) == "nats://***@a:4222,nats://***@b:4222"
    assert "hidden" not in repr(address)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("live.a", "live.a", True),
        ("live.*", "live.a", True),
        ("*.a", "live.a", True),
        ("live.*", "live", False),
        ("live.*", "live.a.b", False),
        ("live.a", "live.b", False),
    ],
)
def test_who_hears_a_subject(pattern: str, subject: str, *, expected: bool) -> None:
    assert hears(pattern, subject) is expected


@pytest.mark.parametrize("text", ["", ".", "a.", "a b", "a.*", ">", "ä"])
def test_what_no_message_can_be_sent_to(text: str) -> None:
    assert not is_subject(text)
