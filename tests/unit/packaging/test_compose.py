"""compose.yaml: what it sets is what the hub knows, and what it builds from is there."""

from typing import Any, Final

import pytest
import yaml

from chatops_server.bus.address import parsed as bus_at
from chatops_server.config import Settings
from chatops_server.storage.postgres.address import parsed as database_at
from tests.project import ROOT

FOLDER: Final = ROOT / "packaging" / "compose"
HUBS: Final = ("hub-1", "hub-2")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    return found


@pytest.mark.parametrize("name", HUBS)
def test_every_setting_is_one_of_the_hub(services: dict[str, Any], name: str) -> None:
    environment = services[name]["environment"]
    named = {key.removeprefix("CHATOPS_").lower() for key in environment if key.startswith("CHATOPS_")}
    assert set() == named - set(Settings.__struct_fields__)
    assert str(database_at(environment["CHATOPS_DATABASE"]))
    assert bus_at(environment["CHATOPS_BUS"]).space == "chatops"


def test_both_hubs_are_the_same_but_for_their_folder(services: dict[str, Any]) -> None:
    one, two = (services[name] for name in HUBS)
    assert one["environment"] == two["environment"]
    assert one["volumes"] != two["volumes"]


def test_whoever_waits_for_somebody_waits_for_who_is_there(services: dict[str, Any]) -> None:
    waited = {other for service in services.values() for other in service.get("depends_on", ())}
    assert set() == waited - set(services)


def test_the_balancer_knows_each_hub(services: dict[str, Any]) -> None:
    settings = (FOLDER / "haproxy.cfg").read_text()
    assert all(f"{name}:8765" in settings for name in HUBS)
    assert services["balancer"]["ports"] == ["127.0.0.1:8765:8765"]


def test_the_image_is_built_from_what_is_there() -> None:
    lines = [line.split() for line in (FOLDER / "Dockerfile").read_text().splitlines()]
    copied = [word for line in lines if line[:1] == ["COPY"] for word in line[1:-1]]
    assert copied
    assert all((ROOT / word).exists() for word in copied)
