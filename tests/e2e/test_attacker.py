"""An independent attacker against a hub and an agent that run as processes."""

import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from tests.deadlines import eventually_sync
from tests.e2e.attacker import Answered, Raw, b64, claims_of, forged
from tests.e2e.hub_program import Hub, command, running
from tests.secret_watch import secrets_in

PASSWORD: Final = "the admin's very own words"  # noqa: S105 - of a hub that ends with the tests
API: Final = "/api/v1"
# Titles, the clipboard, colours, C1, direction marks; formulas for whoever exports.
ESCAPES: Final = (
    "\x1b]0;owned\x07",
    "\x1b]52;c;aGk=\x1b\\",
    "\x9b31m",
    "\u202egnp",
    "=cmd|'/C calc'!A0",
    "a\r\nb: c",
)


@dataclass
class Scene:
    hub: Hub
    folder: Path
    admin: str
    refresh: str
    mallory: str
    server: str
    theirs: str
    key: str
    agent: "subprocess.Popen[bytes]"

    def ask(self, method: str, target: str, token: str = "", body: object = None, **headers: str) -> Answered:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        with Raw(self.hub.url) as raw_connection:
            return raw_connection.ask(method, target, token, raw, **headers)

    def lives(self) -> None:
        """The hub serves, and its agent is still connected."""
        assert self.hub.process.poll() is None
        assert self.ask("GET", "/readyz").status == 200
        eventually_sync(
            lambda: self.ask("GET", f"{API}/servers/{self.server}", self.admin).json["status"] == "online"
        )


def _login(hub: Hub, name: str, password: str) -> dict[str, Any]:
    return dict(hub.ask(f"{API}/auth/login", {"username": name, "password": password}))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("attacked")
    with running(
        "--data-dir", str(folder / "hub"), CHATOPS_ADMIN_PASSWORD=PASSWORD, CHATOPS_LOG_LEVEL="debug"
    ) as hub:
        tokens = _login(hub, "admin", PASSWORD)
        admin = tokens["access_token"]
        user = {"username": "mallory", "password": "mallory's own words", "role": "operator"}
        hub.ask(f"{API}/users", user, admin)
        mallory = _login(hub, "mallory", "mallory's own words")["access_token"]
        server = hub.ask(f"{API}/servers", {"name": "web-1"}, admin)["id"]
        theirs = hub.ask(f"{API}/servers", {"name": "mine"}, mallory)["id"]
        key = hub.ask(f"{API}/api-keys", {"server_id": server}, admin)["key"]
        key_file = folder / "key"
        key_file.touch(mode=0o600)
        key_file.write_text(key)
        agent = subprocess.Popen(  # noqa: S603 - our own program
            [
                *(
                    sys.executable,
                    "-m",
                    "chatops_agent",
                    "run",
                    "--url",
                    hub.url,
                    "--data-dir",
                    str(folder / "agent"),
                ),
                *("--api-key-file", str(key_file)),
            ],
            stderr=subprocess.DEVNULL,
        )
        scene = Scene(hub, folder, admin, tokens["refresh_token"], mallory, server, theirs, key, agent)
        try:
            scene.lives()
            yield scene
        finally:
            agent.send_signal(signal.SIGTERM)
            agent.wait(30)


def test_forged_tokens_open_nothing(scene: Scene) -> None:
    claims = claims_of(scene.admin)
    head = json.loads(_unb64(scene.admin.split(".")[0]))
    tampered = {**claims, "sub": "usr_other", "exp": int(time.time()) + 999_999}
    signature = scene.admin.split(".")[2]
    attempts = [
        forged(claims, head),
        forged(claims, {**head, "alg": "none"}),
        forged(claims, {"alg": "none", "typ": "at+jwt"}).rpartition(".")[0] + ".",
        forged(claims, {**head, "kid": "../../../../dev/null"}, b""),
        forged(claims, {**head, "kid": "/etc/hostname"}),
        forged(claims, {**head, "jku": "https://evil.example/k"}),
        forged(claims, {**head, "jwk": {"kty": "oct", "k": b64(b"guess")}}),
        f"{scene.admin.split('.')[0]}.{b64(json.dumps(tampered).encode())}.{signature}",
        scene.admin[:-4] + "AAAA",
        scene.admin.split(".")[0] + ".." + signature,
        scene.refresh,
        scene.key,
        "Bearer " + scene.admin,
        "null",
        "a" * 7000,
    ]
    for token in attempts:
        assert scene.ask("GET", f"{API}/users", token).status == 401, token[:60]
    # Never by the address, where proxies write it into logs.
    for name in ("token", "access_token", "authorization", "api_key"):
        assert scene.ask("GET", f"{API}/users?{name}={scene.admin}").status == 401
    assert scene.ask("GET", f"{API}/users", "", Cookie=f"token={scene.admin}").status == 401
    assert scene.ask("GET", f"{API}/users", scene.admin).status == 200


def test_a_refresh_token_used_twice_ends_all_that_came_of_it(scene: Scene) -> None:
    first = _login(scene.hub, "mallory", "mallory's own words")
    second = scene.ask("POST", f"{API}/auth/refresh", body={"refresh_token": first["refresh_token"]}).json
    again = scene.ask("POST", f"{API}/auth/refresh", body={"refresh_token": first["refresh_token"]})
    assert again.status == 401
    assert scene.ask("GET", f"{API}/auth/me", second["access_token"]).status == 401
    assert (
        scene.ask("POST", f"{API}/auth/refresh", body={"refresh_token": second["refresh_token"]}).status
        == 401
    )


def _paths(scene: Scene) -> list[tuple[str, str]]:
    told = scene.ask("GET", "/openapi.json").json
    return [(method.upper(), path) for path, methods in told["paths"].items() for method in methods]


def test_no_path_gives_another_s_things(scene: Scene) -> None:
    paths = [(method, path) for method, path in _paths(scene) if "{" in path]
    assert len(paths) > 40
    for method, path in paths:
        for value in (scene.server, "usr_none", "..%2f..%2fetc%2fpasswd", "%00", "%1b%5d0;x%07"):
            target = path
            while "{" in target:
                target = target[: target.index("{")] + value + target[target.index("}") + 1 :]
            answer = scene.ask(method, f"{target}?server_id={scene.server}", scene.mallory, {})
            assert answer.status in {400, 401, 403, 404, 405}, (method, target, answer)
            assert b"web-1" not in answer.body
    scene.lives()


def test_no_traversal_reaches_a_file(scene: Scene) -> None:
    for target in (
        "/../../../../etc/passwd",
        "/api/v1/../../secret",
        "/docs/../secret",
        "/docs/..%2f..%2fsecret",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/docs/%252e%252e/secret",
        "/static/../hub.db",
        "//etc/passwd",
        "/docs\\..\\secret",
        "/api/v1/docker/containers/..%2f..%2finfo?server_id=" + scene.server,
        "/plugins/anything",
        "/debug",
        "/.env",
    ):
        answer = scene.ask("GET", target, scene.admin)
        assert answer.status in {400, 404, 503}, (target, answer)
        assert b"root:" not in answer.body
        assert answer.body[:15] != b"SQLite format 3"


def test_oversized_and_broken_http_is_refused_and_costs_nobody_else(scene: Scene) -> None:
    big = b'{"name":"' + b"x" * (300 * 1024) + b'"}'
    assert scene.ask("POST", f"{API}/servers", scene.mallory, big).status == 413
    assert scene.ask("POST", f"{API}/auth/login", "", b'{"username":"' + b"x" * (300 * 1024)).status == 413
    assert scene.ask("GET", "/" + "x" * 20_000).status == 400
    assert scene.ask("GET", "/healthz", "", X_A="x" * 20_000).status == 400
    deep = b'{"name":' + b"[" * 100_000
    assert scene.ask("POST", f"{API}/servers", scene.mallory, deep).status == 400
    bomb = scene.ask(
        "POST", f"{API}/servers", scene.mallory, b"\x1f\x8b" + bytes(100), Content_Encoding="gzip"
    )
    assert bomb.status == 400
    with Raw(scene.hub.url) as both:
        # Two lengths: what a proxy and a hub might take for different requests.
        both.send(
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        assert both.answer().status in {0, 400}
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 1000, b"GET\r\n\r\n"):
        with Raw(scene.hub.url) as broken:
            broken.send(noise)
            broken.socket.shutdown(1)
            assert broken.answer().status in {0, 400, 404, 505}
    scene.lives()


@pytest.mark.parametrize("path", ["/api/v1/agents/ws", "/api/v1/ws"])
def test_a_thousand_malformed_frames_end_only_their_own_connections(scene: Scene, path: str) -> None:
    chance = random.Random(path)  # noqa: S311 - the same again is what one wants
    good = [
        json.dumps({"type": "auth", "api_key": scene.key, "token": scene.mallory}).encode(),
        b'{"type":"metrics","seq":1,"timestamp":"2027-01-15T08:00:00.000Z","cpu":{"percent":NaN}}',
        b'{"type":"subscribe","topic":"fleet","id":1}',
        b"[" * 50_000,
        b"",
        b"\xff\xfe\x00",
        b'{"type":"auth"}',
    ]
    codes: set[int | None] = set()
    for _ in range(500):
        with Raw(scene.hub.url) as client:
            assert client.upgraded(path)
            frame = bytearray(chance.choice(good))
            for _ in range(chance.randint(1, 4)):
                frame[chance.randrange(len(frame) + 1) :][:1] = b""
                frame.insert(chance.randrange(len(frame) + 1), chance.randrange(256))
            opcode = chance.choice([1, 1, 1, 2, 3, 9, 0xB])
            client.frame(bytes(frame), opcode, first=chance.choice([0x80, 0x80, 0x80, 0xC0, 0xF0]))
            client.frame((1000).to_bytes(2, "big"), 8)  # what was no end is ended here
            codes.add(client.closed_with())
    # Malformed, no such key, binary, protocol, no UTF-8, or hung up on; never our own fault (1011).
    assert codes <= {4400, 4401, 1000, 1002, 1003, 1007, 1009, None}, codes
    assert {4400} <= codes
    with Raw(scene.hub.url) as client:
        assert client.upgraded(path)
        client.frame(b'{"type":"auth","x":"' + b"x" * (2 * 1024 * 1024) + b'"}')
        assert client.closed_with() in {1009, None}
    scene.lives()


def test_a_revoked_key_and_a_page_of_another_origin_open_no_socket(scene: Scene) -> None:
    made = scene.hub.ask(f"{API}/api-keys", {"server_id": scene.theirs}, scene.mallory)
    assert scene.ask("DELETE", f"{API}/api-keys/{made['id']}", scene.mallory).status == 204
    for key in (made["key"], made["key"][:-8] + "00000000", "chops_" + "a" * 10, ""):
        with Raw(scene.hub.url) as client:
            assert client.upgraded("/api/v1/agents/ws")
            client.frame(json.dumps({"type": "auth", "api_key": key}).encode())
            assert client.closed_with() == 4401
    with Raw(scene.hub.url) as client:
        assert not client.upgraded("/api/v1/ws", Origin="https://evil.example")


def test_a_machine_that_allows_nothing_does_nothing(scene: Scene) -> None:
    body = {"server_id": scene.server, "command": "id"}
    answer = scene.ask("POST", f"{API}/commands", scene.admin, body)
    assert answer.status == 403, answer
    assert answer.json["code"] == "not_allowed"
    entries = scene.ask("GET", f"{API}/audit?action=command", scene.admin).json["items"]
    assert "refused" in {entry["result"] for entry in entries}, entries


def test_hostile_names_leave_lists_files_and_terminals_whole(scene: Scene) -> None:
    environ = {
        "CHATOPS_URL": scene.hub.url,
        "CHATOPS_USERNAME": "admin",
        "CHATOPS_PASSWORD": PASSWORD,
        "HOME": str(scene.folder),
        "LC_ALL": "C.UTF-8",
    }
    for at, escape in enumerate(ESCAPES):
        scene.ask("POST", f"{API}/servers", scene.mallory, {"name": f"{at}{escape}", "tags": [escape]})
        scene.ask("POST", f"{API}/auth/login", body={"username": escape, "password": "x"})
    for arguments in (
        ("servers",),
        ("servers", "--json"),
        ("events",),
        ("audit", "-n", "100"),
        ("audit", "--export", "csv"),
        ("audit", "--export", "jsonl"),
        ("alerts", "--all"),
        ("containers",),
        ("history",),
    ):
        ran = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "chatops_tui.cli", *arguments],
            env=os.environ | environ,
            capture_output=True,
            timeout=120,
            check=False,
        )
        text = ran.stdout.decode() + ran.stderr.decode()
        assert ran.returncode in {0, 1, 2}, text
        assert not {"\x1b", "\x9b", "\x07", "\u202e", "\r"} & set(text), arguments
        if "csv" in arguments:
            assert ran.returncode == 0, text
            assert ",=cmd" not in text
            assert '"=cmd' not in text
            assert len(text.splitlines()) > 5
    assert not any(any(sign in line for sign in "\x1b\x9b\u202e") for line in scene.hub.err)


def test_no_secret_is_in_a_log_an_argument_or_a_file_of_others(scene: Scene) -> None:
    """After all of the above, at log level debug."""
    known = (PASSWORD, "mallory's own words", scene.admin, scene.refresh, scene.key, scene.mallory)
    told = [found for line in (*scene.hub.out, *scene.hub.err) for found in secrets_in(line, known)]
    assert told == []
    for process in (psutil.Process(scene.hub.process.pid), psutil.Process(scene.agent.pid)):
        for each in (process, *process.children(recursive=True)):
            assert list(secrets_in(" ".join(each.cmdline()), known)) == []
            if each.pid != scene.hub.process.pid:  # its environment is what we gave it
                assert list(secrets_in(json.dumps(each.environ()), known)) == []
    files = [path for path in (scene.folder / "hub").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"hub.db", "secret"}
    for path in (*files, scene.folder / "hub", *(scene.folder / "agent").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_tampered_log_is_found_afterwards(scene: Scene, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    data = ("--data-dir", str(scene.folder / "hub"))
    assert command("backup", str(copy), *data).returncode == 0
    assert command("verify", str(copy)).returncode == 0
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("DROP TRIGGER audit_is_never_changed")
        connection.execute("UPDATE audit SET result = 'ok' WHERE result = 'failed'")
    verified = command("verify", str(copy))
    assert (verified.returncode, "BROKEN: entry" in verified.stdout) == (1, True)
    faults = [at for at, line in enumerate(scene.hub.err) if "Traceback" in line or " ERROR " in line]
    assert not faults, "\n".join(scene.hub.err[faults[0] : faults[0] + 40])


def _unb64(text: str) -> bytes:
    import base64  # noqa: PLC0415 - beside its only use

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
