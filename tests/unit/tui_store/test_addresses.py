"""Places of the UI in words: found whole, begun, or told apart from what is near."""

import pytest

from chatops_tui.store.addresses import Address, UnknownAddressError, near_names, parsed
from chatops_tui.store.models import Row
from chatops_tui.store.store import Store
from chatops_wire.client import Fleet
from tests.unit.tui_store.conftest import MakeView

NAMES = ("web-1", "web-10", "db 01", "a/b", "alerts", "cache-01")


@pytest.fixture
def rows(make_view: MakeView) -> list[Row]:
    store = Store()
    store.apply(Fleet(servers=tuple(make_view(f"id-{name}", name=name) for name in NAMES)), 0)
    return store.rows()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web-1", Address(server_id="id-web-1")),
        ("WEB-1/processes", Address(server_id="id-web-1", tab="processes")),
        ("web-10 docker", Address(server_id="id-web-10", tab="docker")),
        ("web-1/containers/nginx", Address(server_id="id-web-1", tab="docker", container="nginx")),
        ("web-1/containers/nginx/logs", Address("", "id-web-1", "docker", "nginx", "logs")),
        (":web-1 containers my-app_1", Address(server_id="id-web-1", tab="docker", container="my-app_1")),
        ("db 01/logs", Address(server_id="id-db 01", tab="logs")),
        ("db 01 logs", Address(server_id="id-db 01", tab="logs")),
        ("a/b/disks", Address(server_id="id-a/b", tab="disks")),
        ("cache", Address(server_id="id-cache-01")),
        ("cache proc", Address(server_id="id-cache-01", tab="processes")),
        ("id-web-1", Address(server_id="id-web-1")),
        ("web-1/shell", Address(server_id="id-web-1", tab="shell")),
        ("alerts", Address(place="alerts")),
        ("alerts/", Address(place="alerts")),
        ("/alerts/sil", Address(place="alerts", tab="silences")),
        ("alerts/overview", Address(server_id="id-alerts", tab="overview")),
        ("fleet", Address(place="fleet")),
    ],
)
def test_a_place_is_found(rows: list[Row], text: str, expected: Address) -> None:
    assert parsed(text, rows) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wbe-1", "No server is called 'wbe-1'. Did you mean web-1 or web-10?"),
        ("web", "No server is called 'web'. Did you mean web-1 or web-10?"),
        ("zzz", "No server is called 'zzz'. The fleet shows what there is."),
        ("", "No server is called ''. The fleet shows what there is."),
        ("web-1/engine", "web-1 has no 'engine'. There is overview, processes, disks"),
        ("settings/foo", "Nothing is called 'foo' in settings. There is thresholds, channels"),
        ("audit zzz", "Nothing is called 'zzz' in audit."),
        ("web-1/logs/nginx", "Nothing is called 'nginx' in the logs of web-1."),
    ],
)
def test_what_is_no_place_is_told_with_what_is_near(rows: list[Row], text: str, said: str) -> None:
    with pytest.raises(UnknownAddressError) as raised:
        parsed(text, rows)
    assert str(raised.value).startswith(said)


def test_what_holds_the_word_is_near_too() -> None:
    found = near_names("edge", ["web-1", "eu-edge-07", "us-edge-01"])
    assert set(found) == {"eu-edge-07", "us-edge-01"}
