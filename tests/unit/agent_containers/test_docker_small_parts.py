"""Events, moments, orders of projects, addresses and pulls: the small parts of work with engines."""

import json
from typing import Any

import pytest

from chatops_agent.actions.containers import moments
from chatops_agent.actions.containers.holdings import disk_usage
from chatops_agent.actions.containers.projects import levels
from chatops_agent.actions.containers.pull_lines import PullLines, PullProgress
from chatops_agent.collectors.containers import events
from chatops_agent.collectors.containers.description import Described, describe, signature
from chatops_agent.collectors.containers.events import Event, EventLines
from chatops_agent.collectors.containers.status import Phase
from chatops_agent.engine.addresses import NONE, candidates, checked
from chatops_agent.engine.errors import EngineError, refused
from chatops_wire.containers import Container, DockerCode
from chatops_wire.settings import SettingError

NOW = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


# Events


def test_events_come_in_any_pieces_and_what_is_none_is_skipped() -> None:
    line = json.dumps(
        {"Type": "container", "Action": "health_status: healthy", "Actor": {"ID": "a"}, "timeNano": 7}
    )
    podman = json.dumps({"status": "died", "id": "b", "time": 2})
    other = json.dumps({"Action": "exec_start: sh", "id": "c"})
    data = f"{line}\nnonsense\n[1]\n{other}\n{podman}\n".encode()
    lines = EventLines()
    heard = [event for start in range(0, len(data), 7) for event in lines.feed(data[start : start + 7])]
    assert [Event("a", "health_status", 7), Event("b", "die", 2 * SECOND)] == heard


def test_events_are_asked_for_since_a_moment_to_the_nanosecond() -> None:
    asked = events.parameters(1_700_000_000_000_000_001)
    assert asked["since"] == "1700000000.000000001"
    assert "exec_start" not in json.loads(asked["filters"])["event"]


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (["die", "stop", "start", "restart"], ("restart",)),
        (["oom", "die"], ("oom", "die")),
        (["oom"], ("oom",)),
        (["create", "start"], ("start",)),
    ],
)
def test_of_actions_that_came_together_the_last_is_told(happened: list[str], told: tuple[str, ...]) -> None:
    assert told == events.told(happened)


@pytest.mark.parametrize(
    ("action", "state", "fits"),
    [
        ("stop", "running", False),
        ("die", "exited", True),
        ("start", "exited", False),
        ("restart", "running", True),
        ("rename", "exited", True),
    ],
)
def test_an_action_is_not_told_with_a_state_it_cannot_have_led_to(
    action: str,
    state: str,
    fits: bool,  # noqa: FBT001
) -> None:
    assert fits == events.fits(action, state)


# Moments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00.123456789Z", 1_769_860_800_123_456_789),
        ("2026-01-31T13:00:00+01:00", 1_769_860_800_000_000_000),
        ("1700000000", 1_700_000_000 * SECOND),
        ("1700000000.5", 1_700_000_000 * SECOND + SECOND // 2),
        (1_700_000_000, 1_700_000_000 * SECOND),
        ("10m", NOW - 600 * SECOND),
        ("1h30m", NOW - 5400 * SECOND),
        ("2d", NOW - 2 * 86400 * SECOND),
        ("1969-12-31T23:59:59.5Z", -SECOND // 2),
    ],
)
def test_moments_are_understood_as_people_write_them(text: str | int, expected: int) -> None:
    assert expected == moments.nanoseconds(text, NOW)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "-5", "10x", "1e9"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(EngineError, match="no time"):
        moments.nanoseconds(text, NOW)


def test_a_moment_reaches_the_engine_to_the_nanosecond() -> None:
    assert moments.parameter(1_700_000_000_000_000_001) == "1700000000.000000001"
    assert moments.parameter(-5) == "0.000000000"


# Projects


def _member(name: str, *needs: str) -> Described:
    facts = Container(id=name, name=name, service=name, project="shop")
    return Described(facts=facts, phase=Phase("running"), pid=1, depends_on=needs)


def _names(ordered: list[list[Described]]) -> list[list[str]]:
    return [[each.facts.name for each in level] for level in ordered]


def test_what_is_needed_is_started_first_and_stopped_last() -> None:
    members = [_member("web", "api", "cache"), _member("api", "db"), _member("db"), _member("cache")]
    assert _names(levels(members)) == [["cache", "db"], ["api"], ["web"]]
    assert _names(levels(members, reverse=True)) == [["web"], ["api"], ["cache", "db"]]


def test_a_need_of_something_that_is_not_there_is_no_obstacle_and_a_circle_goes_together() -> None:
    assert _names(levels([_member("a", "gone")])) == [["a"]]
    assert _names(levels([_member("a", "b"), _member("b", "a")])) == [["a", "b"]]


# Descriptions


def test_a_container_of_which_the_engine_says_nothing_is_described() -> None:
    described = describe({}, {}, None)
    assert Container() == described.facts
    assert not described.runs


def test_a_description_takes_what_there_is() -> None:
    inspected: dict[str, Any] = {
        "Id": "a" * 64,
        "Created": "2026-01-31T12:00:00.123456789Z",
        "Name": "/web",
        "RestartCount": 3,
        "State": {
            "Status": "exited", "ExitCode": 137, "OOMKilled": True, "Pid": 0,
            "Health": {"Status": "unhealthy"},
            "StartedAt": "2026-01-31T12:00:01Z", "FinishedAt": "2026-01-31T12:00:02.5Z",
        },
        "HostConfig": {"Memory": 1000, "NetworkMode": "container:b"},
        "Config": {
            "Tty": True, "StopTimeout": 30, "Image": "web:1",
            "Labels": {
                "Com.Docker.Compose.Project": "shop", "com.docker.compose.service": "web",
                "com.docker.compose.depends_on": "db:service_started:false,api:service_healthy:true",
            },
        },
    }  # fmt: skip
    described = describe({"Image": "sha256:1", "Ports": []}, inspected, "a" * 64)
    assert Container(
        id="a" * 64, name="web", image="sha256:1", state="exited", health="unhealthy", project="shop",
        service="web", created_at="2026-01-31T12:00:00.123Z", started_at="2026-01-31T12:00:01.000Z",
        restarts=3, memory_limit=1000, exit_code=137, oom_killed=True, is_agent=True,
    ) == described.facts  # fmt: skip
    assert (described.has_tty, described.has_network, described.grace_s) == (True, False, 30)
    assert described.depends_on == ("db", "api")


@pytest.mark.parametrize(
    ("config", "grace_s"), [({}, 10), ({"StopTimeout": None}, 10), ({"StopTimeout": 0}, 0)]
)
def test_a_container_has_the_grace_it_was_given_and_else_the_usual_one(
    config: dict[str, Any], grace_s: float
) -> None:
    assert describe({}, {"Id": "a", "Config": config}, None).grace_s == grace_s


def test_a_row_is_the_same_however_old_its_words_have_grown() -> None:
    one = {"State": "running", "Status": "Up 5 seconds (healthy)", "Names": ["/a"], "Image": "i"}
    assert signature(one) == signature({**one, "Status": "Up 2 minutes (healthy)"})
    assert signature(one) != signature({**one, "Status": "Up 2 minutes (unhealthy)"})


# Addresses


def _found(setting: str = "", environ: dict[str, str] | None = None, *there: str) -> tuple[str, ...]:
    return candidates(setting, environ or {}, lambda path: path in there)


def test_engines_are_looked_for_where_they_listen() -> None:
    docker, podman = "/var/run/docker.sock", "/run/podman/podman.sock"
    assert _found() == ()
    assert _found("", {}, docker, podman) == (f"unix://{docker}", f"unix://{podman}")
    own = {"XDG_RUNTIME_DIR": "/run/user/7"}
    assert _found("", own, "/run/user/7/podman/podman.sock") == ("unix:///run/user/7/podman/podman.sock",)


def test_what_is_set_stands_above_what_is_there() -> None:
    environ = {"DOCKER_HOST": "unix:///e"}
    assert _found("unix:///s", environ, "/var/run/docker.sock") == ("unix:///s",)
    assert _found("", environ, "/var/run/docker.sock") == ("unix:///e",)
    assert _found(NONE, environ, "/var/run/docker.sock") == ()


@pytest.mark.parametrize(
    "address", ["ssh://host", "unix://relative", "tcp://", "tcp://host", "http://h:1", "/sock"]
)
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(SettingError, match="--docker-host"):
        checked("--docker-host", address)


# Answers of the engine


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        (404, "No such container", DockerCode.NOT_FOUND),
        (409, "in use", DockerCode.CONFLICT),
        (403, "network has active endpoints", DockerCode.CONFLICT),
        (400, "bad", DockerCode.BAD_REQUEST),
        # Engine 20.10 says 500 to this.
        (500, "Container abc is not paused", DockerCode.CONFLICT),
        (500, "driver failed", DockerCode.FAILED),
        (501, "", DockerCode.FAILED),
    ],
)
def test_the_engines_refusals_are_told_apart(status: int, text: str, code: DockerCode) -> None:
    assert code is refused(status, text).code
    assert refused(status, text).message


def test_a_pull_is_told_by_all_its_layers_together() -> None:
    lines, progress = PullLines(), PullProgress()
    said = [
        {"status": "Pulling from library/x", "id": "latest"},
        {"status": "Downloading", "id": "a", "progressDetail": {"current": 10, "total": 100}},
        {"status": "Downloading", "id": "b", "progressDetail": {"current": 1, "total": 50}},
        {"status": "Extracting", "id": "b", "progressDetail": {"current": 1, "total": 7}},
        {"status": "Download complete", "id": "a", "progressDetail": {}},
    ]
    data = "".join(json.dumps(each) + "\r\n" for each in said).encode()
    assert (progress.current, progress.total) == (None, None)
    for each in [*lines.feed(data[:30]), *lines.feed(data[30:])]:
        progress.add(each)
    assert (progress.text, progress.current, progress.total) == ("a: Download complete", 101, 150)
    progress.add({"error": "no space left"})
    assert progress.error == "no space left"


def test_disk_usage_is_reckoned_as_docker_system_df_does() -> None:
    told = {
        "LayersSize": 1000,
        "Images": [
            {"Size": 600, "SharedSize": 100, "Containers": 1},
            {"Size": 500, "SharedSize": 100, "Containers": 0},
        ],
        "Containers": [
            {"SizeRw": 10, "State": "running"},
            {"SizeRw": 5, "State": "exited"},
            {"State": "created"},
        ],
        "Volumes": [
            {"UsageData": {"Size": 7, "RefCount": 0}},
            {"UsageData": {"Size": -1, "RefCount": -1}},
            {},
        ],
        "BuildCache": [{"Size": 3, "InUse": False}],
    }
    assert disk_usage(told) == {
        "images": {"count": 2, "size": 1000, "reclaimable": 500},
        "containers": {"count": 3, "size": 15, "reclaimable": 5},
        "volumes": {"count": 3, "size": 7, "reclaimable": 7},
        "build_cache": {"count": 1, "size": 3, "reclaimable": 3},
    }
