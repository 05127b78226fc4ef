"""`chatops top`, `watch`, `status`, `chart` and `coverage` as a shell runs them, against the hub itself."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatops_server.domain.latest_order import Mark
from chatops_server.storage.base import GapRow, SampleRow
from chatops_wire.containers import Container
from chatops_wire.samples import Cpu, Disk, Memory, Process, Sample
from chatops_wire.times import format_ms
from tests.deadlines import DEADLINE_S
from tests.integration.client.program import COMMAND, Ran, begun, chatops
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, Asker, opened

HOSTILE = "\x1b]0;mine\x07evil"


@dataclass
class Scene:
    """A hub with two servers: one busy until just now, one that has never been there."""

    asker: Asker
    environ: dict[str, str]
    now_ms: int

    async def run(self, *arguments: str, **environ: str) -> Ran:
        return await chatops(*arguments, stdin=b"", **(self.environ | environ))

    async def told(self, *arguments: str) -> str:
        ran = await self.run(*arguments)
        assert (ran.status, ran.err) == (0, "")
        return ran.out.decode()


def _sample(seq: int, ts_ms: int) -> Sample:
    return Sample(
        seq=seq,
        timestamp=format_ms(ts_ms),
        cpu=Cpu(percent=float(seq % 100), user=2.0, load=(1.5, 1.0, 0.5)),
        memory=Memory(total=1_000, used=910, percent=91.0),
        disks=(Disk(mount="/var", total=1_000, used=500, percent=50.0),),
        containers=(Container(name="shop", state="running", cpu_percent=5.0, memory_used=2_048),),
        processes=(
            Process(pid=seq, name="busy", user=HOSTILE, cpu_percent=80.0, memory_used=1, command="busy -x"),
            Process(pid=7, name="large", cpu_percent=1.0, memory_used=2**30, command="large"),
        ),
        uptime_s=90.0,
    )


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened(tmp_path / "hub") as asker:
        server = await asker.server("web-1")
        await asker.server("web-2")
        state = asker.running.live.fleet.get(server)
        assert state is not None
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        times = [(seq, now_ms - (60 - seq) * 10_000) for seq in range(1, 61)]
        samples = [_sample(seq, ts_ms) for seq, ts_ms in times]
        rows: list[SampleRow | GapRow] = [
            SampleRow(state.num, "e", sample.seq, ts_ms, ts_ms, sample)
            for sample, (_, ts_ms) in zip(samples, times, strict=True)
        ]
        await asker.running.storage.samples.append(rows)
        await asker.running.storage.samples.append([GapRow(state.num, "e", 61, 80, "spool_full", now_ms)])
        asker.running.live.fleet.observed(state, samples[-1], Mark("e", 60, is_live=False), now_ms)
        environ = {
            "CHATOPS_URL": str(asker.http._base_url),  # noqa: SLF001 - aiohttp has no public name for it
            "CHATOPS_USERNAME": "admin",
            "CHATOPS_PASSWORD": ADMIN_PASSWORD,
            "HOME": str(tmp_path),
        }
        yield Scene(asker, environ, now_ms)


async def test_a_server_at_one_glance(scene: Scene) -> None:
    out = await scene.told("top", "web-1")
    assert "MEM" in out
    assert "910B of 1000B" in out
    assert "/var" in out
    assert out.index("busy -x") < out.index("large")
    assert "shop" in out
    by_memory = await scene.told("top", "web-1", "--sort", "memory", "-n", "1")
    assert "large" in by_memory
    assert "busy -x" not in by_memory


async def test_what_a_machine_says_does_not_reach_the_terminal_as_it_is(scene: Scene) -> None:
    assert "\x1b" not in await scene.told("top", "web-1")


@pytest.mark.parametrize("typed", [("--at", "-5m"), ("--at", "5m"), ("--at=-5m",)])
async def test_a_server_as_it_was(scene: Scene, typed: tuple[str, ...]) -> None:
    out = await scene.told("top", "web-1", *typed)
    assert "as it was at" in out
    assert "busy -x" in out
    facts = json.loads(await scene.told("top", "web-1", *typed, "--json"))
    # Thirty samples of ten seconds ago, give or take how long this took.
    assert facts["sample"]["cpu"]["percent"] in {float(at) for at in range(28, 36)}
    assert facts["tier"] == "raw"
    assert [process["name"] for process in facts["processes"]] == ["busy", "large"]


async def test_of_a_time_before_everything_nothing_is_shown(scene: Scene) -> None:
    ran = await scene.run("top", "web-1", "--at", "5d")
    assert (ran.status, ran.out) == (1, b"")
    assert "nothing is stored of this time" in ran.err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("top", "--at", "2h"), "name the server"),
        (("top", "web-1", "--at", "tomorrow"), "--at: "),
        (("chart", "web-1", "cpu.heat"), "unknown metric"),
        (("chart", "web-1", "cpu.percent", "--since", "1h", "--until", "2h"), "--since: "),
        (("chart", "web-1", *["cpu.percent"] * 5), "at most 4"),
        (("watch",), "no terminal"),
    ],
)
async def test_what_cannot_be_meant_is_told(scene: Scene, typed: tuple[str, ...], told: str) -> None:
    ran = await scene.run(*typed)
    assert (ran.status, ran.out) == (2, b"")
    assert told in ran.err


async def test_the_fleet_at_one_glance(scene: Scene) -> None:
    out = await scene.told("top")
    assert "0 of 2 servers online" in out
    assert "2 offline" in out
    assert out.index("web-1") < out.index("web-2")
    facts = json.loads(await scene.told("top", "--json", "-n", "1"))
    assert (facts["offline"], facts["well"], len(facts["servers"])) == (2, False, 1)


async def test_a_status_for_people_scripts_and_bars(scene: Scene) -> None:
    assert await scene.told("status", "--line") == "●0 ○2\n"
    assert await scene.told("status", "--line", "--ascii") != "●0 ○2\n"
    assert await scene.told("status", "--tmux") == "#[fg=green]●0#[default] #[fg=colour8]○2#[default]\n"
    assert "0 of 2 servers online" in await scene.told("status")
    checked = await scene.run("status", "--check", "--json")
    assert checked.status == 1
    assert json.loads(checked.out)["offline"] == 2


async def test_a_status_bar_says_when_there_is_no_hub(scene: Scene) -> None:
    ran = await scene.run("status", "--line", CHATOPS_URL="http://127.0.0.1:1")
    assert (ran.status, ran.out.decode()) == (3, "✖ hub\n")


async def test_charts_are_drawn(scene: Scene) -> None:
    out = await scene.told("chart", "web-1", "cpu.percent", "disk.percent:/var", "--since", "10m")
    assert "cpu.percent" in out
    assert "disk.percent:/var" in out
    assert "50%" in out
    empty = await scene.told("chart", "web-2", "cpu.percent")
    assert "nothing is stored of this" in empty
    facts = json.loads(await scene.told("chart", "web-1", "cpu.percent", "--json"))
    assert len(facts["series"][0]["points"]) == 60


async def test_how_much_is_stored_is_told(scene: Scene) -> None:
    lines = (await scene.told("coverage")).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["web-1", "web-2"]
    assert lines[1].split()[1:4] == ["75.00%", "60", "20"]
    assert "spool_full" in lines[1]
    [found] = json.loads(await scene.told("coverage", "web-1", "--json"))
    assert (found["percent"], found["lost"]) == (75.0, 20)


async def test_watching_prints_an_object_again_and_again(scene: Scene) -> None:
    arguments = ("watch", "web-1", "--json", "--interval", "1")
    process = await begun(*arguments, stdin=asyncio.subprocess.DEVNULL, **scene.environ)
    assert process.stdout is not None
    async with asyncio.timeout(3 * DEADLINE_S):
        lines = [json.loads(await process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert [line["server"]["name"] for line in lines] == ["web-1"] * 2
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("chatops cove", {"coverage"}),
        ("chatops top web", {"web-1", "web-2"}),
        ("chatops chart web-1 load.1", {"load.1", "load.15"}),
    ],
)
async def test_the_tab_key_completes_commands_servers_and_metrics(
    scene: Scene, tmp_path: Path, line: str, offered: set[str]
) -> None:
    await scene.told("login")
    answer = tmp_path / "answer"
    environ = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    process = await asyncio.create_subprocess_exec(
        *COMMAND, env=os.environ | scene.environ | environ, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(3 * DEADLINE_S):
        await process.wait()
    assert {word.strip() for word in answer.read_text().split("\x0b")} == offered


async def test_the_tab_key_stays_silent_without_a_hub(scene: Scene, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    line = "chatops top web"
    environ = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "CHATOPS_URL": "http://127.0.0.1:1",
    }
    process = await asyncio.create_subprocess_exec(
        *COMMAND, env=os.environ | scene.environ | environ, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(3 * DEADLINE_S):
        _, err = await process.communicate()
    assert (answer.read_text(), err) == ("", b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_each_shell_gets_its_code(shell: str) -> None:
    ran = await chatops("completion", shell)
    assert ran.status == 0
    assert b"chatops" in ran.out


async def test_an_export_that_is_refused_prints_not_even_the_names(scene: Scene) -> None:
    await scene.asker.user("vera", "viewer")
    who = {"CHATOPS_USERNAME": "vera", "CHATOPS_PASSWORD": "vera-password"}
    refused = await scene.run("audit", "--export", "csv", **who)
    assert (refused.status, refused.out) == (1, b"")
    none = await scene.told("audit", "--export", "csv", "--action", "no.such.action")
    assert none.splitlines() == [
        "id,ts,user_id,user,action,target,server_id,server,result,address,data,prev_hash,hash"
    ]
