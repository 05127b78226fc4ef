"""What leaves the machine of `inspect` when nobody asked for values."""

import json
from typing import Any, Final

import pytest

from chatops_agent.actions.containers.redaction import redacted, variable

SECRET: Final = "hunter2-and-more"  # noqa: S105 - what must not be seen
INSPECTED: Final[dict[str, Any]] = {
    "Id": "0123",
    "Name": "/web",
    "Path": "app",
    "Args": ["--password", SECRET, "--port", "80"],
    "State": {"Health": {"Log": [{"Output": f"GET http://u:{SECRET}@db/ ok"}]}, "Pid": 42, "Running": True},
    "HostConfig": {
        "Memory": 5,
        "LogConfig": {"Type": "splunk", "Config": {"splunk-token": SECRET, "tag": "web"}},
        "Mounts": [{"VolumeOptions": {"DriverConfig": {"Options": {"o": f"password={SECRET}"}}}}],
        "Sysctls": None,
    },
    "Config": {
        "Env": [f"DB={SECRET}", f"API_TOKEN={SECRET}", "PATH=/bin", "NGINX_VERSION=1.2", "EMPTY=", "FLAG"],
        "Cmd": ["sh", "-c", f"PASSWORD={SECRET} run"],
        "Entrypoint": None,
        "Labels": {
            "com.docker.compose.project": "shop",
            "traefik.auth.users": SECRET,
            "note": f"postgres://u:{SECRET}@db/x",
        },
        "Healthcheck": {"Test": ["CMD-SHELL", f"curl -u me:{SECRET} localhost"]},
        "CreateCommand": ["podman", "run", "-e", f"X={SECRET}"],
        "ExposedPorts": {"80/tcp": {}},
    },
    "NetworkSettings": {"SandboxKey": "/run/netns/1", "Networks": {"none": {"MacAddress": ""}}},
}  # fmt: skip


def test_no_secret_is_left_anywhere() -> None:
    assert SECRET not in json.dumps(redacted(INSPECTED))


def test_what_is_no_secret_stays_as_it_is() -> None:
    shown = redacted(INSPECTED)
    assert INSPECTED["Config"]["Env"][2:] == shown["Config"]["Env"][2:]
    assert (shown["Name"], shown["State"]["Pid"], shown["HostConfig"]["Memory"]) == ("/web", 42, 5)
    assert shown["Config"]["Labels"]["com.docker.compose.project"] == "shop"
    assert shown["NetworkSettings"] == INSPECTED["NetworkSettings"]
    assert shown["Args"] == ["--password", "***", "--port", "80"]
    assert shown["HostConfig"]["LogConfig"]["Config"]["tag"] == "web"


def test_of_what_is_hidden_the_length_is_told() -> None:
    assert redacted(INSPECTED)["Config"]["Env"][0] == f"DB=••• ({len(SECRET)} characters)"


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ("PATH=/usr/bin", True),
        ("LC_ALL=C.UTF-8", True),
        ("POSTGRES_VERSION=16", True),
        # A harmless name does not make an address with a password harmless.
        ("HOME=http://u:p4ssword@h/", False),
        ("ANYTHING=x", False),
        ("path=/usr/bin", False),
        ("NODE_VERSION=eyJhbGciOiJI.eyJzdWIiOiIx.sig", False),
    ],
)
def test_of_an_environment_only_what_every_image_sets_is_shown(entry: str, shown: bool) -> None:  # noqa: FBT001
    assert shown == (variable(entry) == entry)


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMII",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdef0123",
        "amqp://guest:guest1@mq:5672/",
    ],
)
def test_values_that_look_like_secrets_are_hidden_wherever_they_stand(value: str) -> None:
    shown = redacted({"Anywhere": {"Deep": [value]}, "Config": {"Cmd": ["run", value]}})
    assert value not in json.dumps(shown)
