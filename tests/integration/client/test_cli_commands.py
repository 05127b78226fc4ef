"""`chatops login`, `servers` and `add` as a shell runs them: output, exit status, and nothing else."""

import asyncio
import json
import os
import pty
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from chatops_tui.agent_line import agent_line
from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import PASSWORD, HubDouble, problem, sample, server

WHO = {"CHATOPS_USERNAME": "ada", "CHATOPS_PASSWORD": PASSWORD}


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


async def chatops(*arguments: str, **environ: str) -> Ran:
    """Run the command without a terminal."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chatops_tui.cli",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | environ,
    )
    async with asyncio.timeout(3 * DEADLINE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


async def test_a_login_is_remembered_for_the_next_command(served: Served) -> None:
    login = await chatops("login", "--url", served.url, **WHO)
    servers = await chatops("servers", "--url", served.url)

    assert login == Ran(0, f"signed in at {served.url} as ada (admin)\n", "")
    assert (servers.status, servers.err) == (0, "")
    assert served.double.logins == 1


async def test_a_second_step_is_answered_by_the_environment(served: Served) -> None:
    served.double.otp = "123456"
    asked = await chatops("servers", "--url", served.url, **WHO)
    assert (asked.status, asked.out) == (3, "")
    assert "a code of the second factor is needed: set CHATOPS_OTP" in asked.err
    wrong = await chatops("servers", "--url", served.url, CHATOPS_OTP="000000", **WHO)
    assert (wrong.status, wrong.err) == (3, "chatops: user name or password is wrong\n")
    assert (await chatops("servers", "--url", served.url, CHATOPS_OTP="123456", **WHO)).status == 0


async def test_login_as_json_tells_who_but_no_token(served: Served) -> None:
    ran = await chatops("login", "--json", "--url", served.url, **WHO)

    assert json.loads(ran.out) == {
        "url": served.url,
        "user": {"id": "usr_1", "username": "ada", "role": "admin"},
    }


async def test_a_script_signs_in_for_one_command_and_out_again(served: Served) -> None:
    ran = await chatops("servers", "--json", CHATOPS_URL=served.url, **WHO)

    assert ran.status == 0
    assert served.double.refresh == set()
    assert (await chatops("servers", "--url", served.url)).status == 3


async def test_servers_as_json_are_those_of_the_hub(served: Served) -> None:
    ran = await chatops("servers", "--json", "--url", served.url, **WHO)

    items = json.loads(ran.out)
    assert [item["id"] for item in items] == [f"srv_{number}" for number in range(5)]
    assert {"name", "tags", "status", "last_seen", "host", "latest"} <= set(items[0])
    assert ran.out.count("\n") == 1


async def test_servers_are_a_table_for_people(served: Served) -> None:
    disks = [{"mount": "/", "total": 10, "used": 9, "percent": 93.0}]
    nets = [{"interface": "eth0", "rx_bps": 2048, "tx_bps": 0}]
    latest = sample(disks=disks, networks=nets, cpu={"percent": 12.5, "load": [0.5, 1, 2]})
    served.double.servers = [
        server("b", name="web-1", status="online", last_seen="2020-01-01T00:00:00.000Z", latest=latest),
        server("a", name="db-1"),
    ]
    ran = await chatops("servers", "--url", served.url, PYTHONIOENCODING="utf-8", **WHO)

    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == [
        "SERVER",
        "STATUS",
        "CPU",
        "MEM",
        "DISK",
        "NET",
        "↓",
        "NET",
        "↑",
        "LOAD",
        "SEEN",
        "TAGS",
    ]
    assert lines[1] == ["○", "db-1", "never", *["–"] * 6, "never", "prod"]  # noqa: RUF001 - the dash is meant
    assert lines[2][:9] == ["✖", "web-1", "online", "12%", "40%", "93%", "2.0K", "0", "0.50"]
    assert lines[2][-1] == "prod"


async def test_a_table_in_ascii_needs_no_utf8(served: Served) -> None:
    ran = await chatops("servers", "--ascii", "--url", served.url, **WHO)

    assert ran.status == 0
    assert ran.out.isascii()
    assert "o  name of srv_0" in ran.out


async def test_no_servers_say_what_to_do(served: Served) -> None:
    served.double.servers = []

    assert (await chatops("servers", "--url", served.url, **WHO)).out == (
        "no servers yet: `chatops add NAME` adds one\n"
    )
    assert (await chatops("servers", "--json", "--url", served.url, **WHO)).out == "[]\n"


async def test_what_a_hub_sends_cannot_reach_the_terminal(served: Served) -> None:
    """Neither in tables, nor in JSON, nor in errors; and nothing of it is markup."""
    hostile = "\x1b]0;owned\x07[red]x[/red]\x9b2J\u202e"
    served.double.servers = [server("a", name=hostile, tags=[hostile])]
    table = await chatops("servers", "--url", served.url, **WHO)
    as_json = await chatops("servers", "--json", "--url", served.url, **WHO)

    async def refuse(_request: web.Request) -> web.Response:
        return problem(400, "invalid_request", hostile)

    served.double.override = refuse
    error = await chatops("servers", "--url", served.url, **WHO)

    assert "[red]x[/red]" in table.out
    assert json.loads(as_json.out)[0]["name"] == hostile
    for text in (table.out, as_json.out, error.err):
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}


async def test_add_tells_the_key_and_the_line_to_run(served: Served) -> None:
    ran = await chatops("add", "db-1", "--tag", "prod", "--tag", "db", "--url", served.url, **WHO)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "added db-1"
    assert f"  {agent_line(served.url, 'chops_abc_secret_sum')}" in ran.out.splitlines()
    assert "--host 0.0.0.0" in ran.out
    assert served.double.servers[-1]["tags"] == ["prod", "db"]


async def test_add_as_json_holds_everything(served: Served) -> None:
    ran = await chatops("add", "db-1", "--json", "--url", served.url, **WHO)

    told = json.loads(ran.out)
    assert (told["server"]["name"], told["key"], told["url"]) == ("db-1", "chops_abc_secret_sum", served.url)
    assert told["run"] == agent_line(served.url, told["key"])


async def test_a_server_without_its_key_is_taken_back(served: Served) -> None:
    served.double.refuse_keys = True
    ran = await chatops("add", "db-1", "--url", served.url, **WHO)

    assert ran == Ran(1, "", "chatops: not allowed: no keys for you\n")
    assert len(served.double.servers) == 5


@pytest.mark.parametrize(
    ("arguments", "reason"), [([" "], "NAME is 1 to 128"), (["db", "--tag", "a b"], "--tag is 1 to 64")]
)
async def test_what_no_server_can_be_called_is_wrong_usage(
    served: Served, arguments: list[str], reason: str
) -> None:
    ran = await chatops("add", *arguments, "--url", served.url, **WHO)

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"chatops: {reason}")
    assert served.double.seen == []


async def test_a_wrong_password_is_a_sentence(served: Served) -> None:
    ran = await chatops("login", "--url", served.url, **(WHO | {"CHATOPS_PASSWORD": "no"}))

    assert ran == Ran(3, "", "chatops: user name or password is wrong\n")


async def test_a_hub_that_is_down_is_a_sentence(served: Served) -> None:
    await served.stop()
    ran = await chatops("login", "--url", served.url, **WHO)

    reason = "nothing listens there (connection refused)"
    assert ran == Ran(3, "", f"chatops: cannot reach the hub at {served.url}: {reason}\n")


async def test_nobody_to_ask_is_a_sentence(served: Served) -> None:
    ran = await chatops("servers", "--url", served.url)

    assert ran.status == 3
    assert ran.err.startswith(f"chatops: not signed in at {served.url}: run `chatops login`")


async def test_who_is_signed_in_at_another_hub_is_told_where(served: Served) -> None:
    await chatops("login", "--url", served.url, **WHO)
    ran = await chatops("servers", "--url", "http://127.0.0.1:1")

    assert ran.status == 3
    assert f"; you are signed in at {served.url} (--url, CHATOPS_URL)" in ran.err


async def test_a_session_the_hub_ended_falls_back_to_the_password(served: Served) -> None:
    await chatops("login", "--url", served.url, **WHO)
    served.double.access.clear()
    served.double.refresh.clear()

    assert (await chatops("servers", "--url", served.url, **WHO)).status == 0
    assert (await chatops("servers", "--url", served.url)).status == 3


async def test_a_broken_session_file_is_a_warning(served: Served) -> None:
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "chatops"
    folder.mkdir(parents=True)
    (folder / "sessions.json").write_text("{")
    ran = await chatops("servers", "--url", served.url, **WHO)

    assert ran.status == 0
    assert ran.err == "chatops: remembered sessions ignored\n"


@pytest.mark.parametrize(
    ("arguments", "environ", "reason"),
    [
        (["servers", "--url", "ftp://hub"], {}, "must begin with http:// or https://"),
        (["servers"], {"CHATOPS_MOUSE": "maybe"}, "CHATOPS_MOUSE"),
        (["servers", "--config", "none.toml"], {}, "config: no file none.toml"),
        ([], {}, "the UI needs a terminal"),
        (["demo"], {}, "the demo needs a terminal"),
    ],
)
async def test_wrong_usage_is_one_line(arguments: list[str], environ: dict[str, str], reason: str) -> None:
    ran = await chatops(*arguments, **environ)

    assert (ran.status, ran.out) == (2, "")
    assert reason in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["nonsense"], ["servers", "--colour", "x"], ["add"]])
async def test_unknown_arguments_are_wrong_usage(arguments: list[str]) -> None:
    ran = await chatops(*arguments)

    assert ran.status == 2
    assert ran.err.startswith("usage: chatops")


async def test_settings_may_stand_before_or_after_the_command(served: Served) -> None:
    assert (await chatops("--url", served.url, "servers", "--json", **WHO)).status == 0


async def test_ctrl_c_is_130_without_a_traceback(served: Served) -> None:
    arrived, ended = asyncio.Event(), asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        arrived.set()
        await ended.wait()
        return web.Response()

    served.double.override = hang
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_tui.cli", "servers", "--url", served.url),
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | WHO,
    )
    async with asyncio.timeout(DEADLINE_S):
        await arrived.wait()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    ended.set()

    assert (process.returncode, err) == (130, b"")


async def test_a_reader_that_closes_the_pipe_is_no_error(double: HubDouble, served: Served) -> None:
    double.servers = [server(f"srv_{number}") for number in range(4000)]
    double.page = 1000
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_tui.cli", "servers", "--json", "--url", served.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | WHO,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
    async with asyncio.timeout(DEADLINE_S):
        err = await process.stderr.read()
        assert (await process.wait(), err) == (141, b"")


async def test_a_person_is_asked_and_then_remembered(served: Served) -> None:
    """The hub's address is shown, the password is not."""
    typed = await _typed(["servers", "--url", served.url], ["ada", PASSWORD])

    assert f"Hub: {served.url}" in typed
    assert "User: ada" in typed
    assert PASSWORD not in typed
    assert "name of srv_4" in typed
    assert (await chatops("servers", "--url", served.url)).status == 0


async def _typed(arguments: list[str], answers: list[str]) -> str:
    """Return what a person sees who answers each question that ends with a colon."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_tui.cli", *arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # A session of its own takes this as its controlling terminal when it opens it, as getpass does.
        env=os.environ | {"TERM": "dumb", "COLUMNS": "200"},
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    seen = bytearray()
    waiting = list(answers)

    def look() -> bool:
        try:
            seen.extend(os.read(ours, 65536))
        except BlockingIOError:
            return False
        except OSError:
            return True
        if waiting and seen.rstrip(b" ").endswith(b":"):
            os.write(ours, f"{waiting.pop(0)}\n".encode())
        return False

    try:
        await eventually(look, what=f"{seen!r}")
        await process.wait()
    finally:
        os.close(ours)
    return seen.decode()
