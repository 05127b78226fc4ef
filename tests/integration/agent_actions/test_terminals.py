import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from chatops_agent.actions.terminals.terminal import Patience
from chatops_agent.actions.workshop import Containment
from chatops_agent.policy import Policy
from chatops_wire.terminals import (
    TerminalClose,
    TerminalCredit,
    TerminalData,
    TerminalDetach,
    TerminalList,
    TerminalOpen,
    TerminalOpened,
    TerminalResize,
    Terminals,
)
from tests.deadlines import eventually
from tests.integration.agent_actions.hub_side import HubSide, hub_side
from tests.integration.agent_actions.processes import end, gone, is_alive


@pytest.fixture(autouse=True)
def _plain_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the developer's decides how the shell looks."""
    monkeypatch.setenv("PATH", os.defpath)


async def _pid(hub: HubSide, variable: str = "$$") -> int:
    """Return what the shell says a process id is."""
    before = hub.screen("t").count(b"=pid")
    hub.type(f"echo {variable} '='pid\n")
    await eventually(lambda: hub.screen("t").count(b"=pid") > before)
    return int(hub.screen("t").rpartition(b" =pid")[0].split()[-1])


def _attach(hub: HubSide, *, cols: int = 80, rows: int = 24) -> None:
    hub.say(TerminalOpen(terminal_id="t", cols=cols, rows=rows, attach=True))


async def _listed(hub: HubSide) -> Terminals:
    before = len(hub.of(Terminals))
    hub.say(TerminalList(request_id=f"r{before}"))
    return await hub.first(Terminals, request_id=f"r{before}")


async def test_it_is_a_terminal_of_the_size_asked_for(hub: HubSide) -> None:
    await hub.opened(cols=132, rows=50)
    hub.type("stty size; test -t 0 && test -t 1 && test -t 2 && echo TERM is $TERM\n")
    await hub.shown("t", b"50 132\r\nTERM is xterm-256color\r\n")


async def test_it_is_the_controlling_terminal(hub: HubSide) -> None:
    await hub.opened()
    hub.type("echo spoken >/dev/tty\n")
    await hub.shown("t", b"spoken\r\n")


@pytest.mark.parametrize(("key", "code"), [(b"\x03", 130), (b"\x1c", 131), (b"\x1a", 148)])
async def test_keys_that_are_signals_reach_a_plain_program(hub: HubSide, key: bytes, code: int) -> None:
    await hub.opened()
    hub.type("ulimit -c 0; sh -c 'echo g''o; exec sleep 1000'\n")
    await hub.shown("t", b"go\r\n")
    hub.type(key)
    hub.type("echo rc $?; kill -9 %1\n")
    await hub.shown("t", b"rc %d" % code)


async def test_a_resize_is_told_to_the_program(hub: HubSide) -> None:
    await hub.opened()
    hub.type("trap 'stty size' WINCH\n")
    for cols in range(81, 140):
        hub.say(TerminalResize(terminal_id="t", cols=cols, rows=40))
    hub.type("while ! stty size | grep '40 139'; do sleep 0.01; done; echo settled\n")
    await hub.shown("t", b"settled")


@pytest.mark.parametrize(
    ("cols", "rows", "expected"),
    [(0, 0, b"2 2\r\n"), (65_535, 65_535, b"500 1000\r\n"), (1, 600, b"500 2\r\n")],
)
async def test_an_impossible_size_becomes_the_nearest_possible(
    hub: HubSide, cols: int, rows: int, expected: bytes
) -> None:
    await hub.opened(cols=cols, rows=rows)
    hub.type("stty size\n")
    await hub.shown("t", expected)


async def test_a_full_screen_program_in_raw_mode_gets_every_key(hub: HubSide) -> None:
    await hub.opened()
    hub.type("stty raw; echo raw; dd bs=1 count=5 2>/dev/null | od -An -tx1; stty sane\n")
    await hub.shown("t", b"raw")
    hub.type(b"\x03\x1b[A\x04")
    await hub.shown("t", b"03 1b 5b 41 04")


@pytest.mark.skipif(shutil.which("vim") is None, reason="no vim here")
async def test_vim_works(hub: HubSide, tmp_path: Path) -> None:
    await hub.opened(cols=100, rows=30)
    hub.type(f"vim -u NONE {tmp_path}/text\n")
    # The alternate screen, and the last of its 30 rows.
    await hub.shown("t", b"\x1b[?1049h")
    await hub.shown("t", b"\x1b[30;1H")
    hub.type("iwritten\x1b:wq\r")
    await hub.shown("t", b"\x1b[?1049l")
    assert (tmp_path / "text").read_text() == "written\n"
    hub.type("echo ba''ck\n")
    await hub.shown("t", b"back\r\n")


@pytest.mark.parametrize(
    ("program", "drawn"),
    [("less", b"\x1b[?1049h"), ("top", b"load average"), ("htop", b"\x1b[?1049h")],
)
async def test_full_screen_programs_draw_and_leave(
    hub: HubSide, tmp_path: Path, program: str, drawn: bytes
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")
    (tmp_path / "text").write_text("".join(f"line {number}\n" for number in range(1000)))
    await hub.opened(cols=100, rows=30)
    hub.type(f"{program} {tmp_path / 'text' if program == 'less' else ''}\n")
    await hub.shown("t", drawn)
    hub.type("q")
    await eventually(lambda: hub.screen("t").endswith(b"$ "), what="the prompt")


async def test_one_that_lost_its_viewer_ends_unless_that_returns(hub: HubSide) -> None:
    await hub.opened()
    hub.say(TerminalDetach(terminal_id="t", within_s=60.0))
    hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24, attach=True))
    hub.type("echo still-$((1+1))\n")
    await hub.shown("t", b"still-2\r\n")
    hub.say(TerminalDetach(terminal_id="t", within_s=0.0))
    assert (await hub.first(TerminalClose)).reason == "its viewer did not come back"


async def test_the_shell_s_exit_is_told_with_its_code(hub: HubSide) -> None:
    await hub.opened()
    hub.type("echo last; exit 7\n")
    closing = await hub.first(TerminalClose)
    assert (closing.exit_code, closing.code, closing.reason) == (7, None, "the shell exited")
    assert hub.messages[-1] is closing
    assert b"last\r\n" in hub.screen("t")
    hub.type("more")
    assert (await hub.first(TerminalClose, code="not_found")).terminal_id == "t"


async def test_once_its_end_is_told_it_is_not_there(hub: HubSide) -> None:
    await hub.opened()
    hub.reading.clear()
    hub.type("exit\n")
    # Told by hand, so that nothing comes between its end and the next key.
    await eventually(lambda: b'"terminal_close"' in (hub.desk.next_frame() or b""), what="the end")
    hub.type("more")
    hub.reading.set()
    assert (await hub.first(TerminalClose)).code == "not_found"


async def test_a_background_job_does_not_hold_up_the_exit(hub: HubSide) -> None:
    await hub.opened()
    hub.type("sleep 1000 &\n")
    pid = await _pid(hub, "$!")
    hub.type("exit\n")
    assert (await hub.first(TerminalClose)).exit_code == 0
    # It may stay, as after any login.
    end(pid)
    await gone(pid)


async def test_closing_hangs_up_on_everything_in_it(hub: HubSide) -> None:
    await hub.opened()
    hub.type("sleep 1000 &\n")
    job = await _pid(hub, "$!")
    shell = await _pid(hub)
    hub.type("sleep 1001\n")
    hub.say(TerminalClose(terminal_id="t"))
    closing = await hub.first(TerminalClose)
    assert closing.reason == "closed"
    await gone(shell, job)
    assert (await _listed(hub)).items == ()


async def test_a_shell_that_ignores_hang_ups_is_killed(hub: HubSide) -> None:
    await hub.opened()
    deaf = "import signal as s; s.signal(s.SIGHUP, s.SIG_IGN); s.signal(s.SIGTERM, s.SIG_IGN)"
    hub.type(
        f'exec {sys.executable} -c \'{deaf}; print("stub" + "born"); s.pause(); s.pause(); s.pause()\'\n'
    )
    await hub.shown("t", b"stubborn")
    hub.say(TerminalClose(terminal_id="t", reason="enough"))
    closing = await hub.first(TerminalClose)
    assert (closing.reason, closing.exit_code) == ("enough", None)


async def test_a_paste_of_a_megabyte_arrives_whole(hub: HubSide) -> None:
    await hub.opened()
    hub.type("stty raw; echo raw; head -c 1000000 | md5sum; stty sane\n")
    await hub.shown("t", b"raw")
    text = b"0123456789" * 100_000
    for start in range(0, len(text), 65_536):
        hub.type(text[start : start + 65_536])
    await hub.shown("t", hashlib.md5(text).hexdigest().encode())  # noqa: S324 - a checksum


async def test_a_paste_that_nobody_reads_is_cut_with_a_bell(hub: HubSide) -> None:
    await hub.opened()
    hub.type("stty raw; echo raw; sleep 1000\n")
    await hub.shown("t", b"raw")
    for _ in range(20):
        hub.type(b"x" * 65_536)
    await hub.shown("t", b"\a")
    hub.say(TerminalClose(terminal_id="t"))
    await hub.first(TerminalClose)


async def test_a_flood_waits_for_its_viewer(hub: HubSide) -> None:
    await hub.opened(window=50_000)
    hub.type("yes\n")
    await eventually(lambda: len(hub.screen("t")) == 50_000)
    hub.say(TerminalCredit(terminal_id="t", bytes=10_000))
    await eventually(lambda: len(hub.screen("t")) == 60_000)
    hub.say(TerminalClose(terminal_id="t"))
    await hub.first(TerminalClose)


async def test_output_is_gathered(hub: HubSide) -> None:
    await hub.opened()
    hub.type("seq 1 100000; echo fin''ished\n")
    await hub.shown("t", b"finished")
    frames = [len(each.data) for each in hub.of(TerminalData)]
    # The kernel hands out 4 KiB at a time.
    assert sum(frames) / len(frames) > 8_000
    assert max(frames) <= 32_768


async def test_a_detached_one_shows_its_screen_as_it_stands(hub: HubSide) -> None:
    await hub.opened()
    hub.say(TerminalDetach(terminal_id="t"))
    hub.type("echo un''seen\n")
    items = (await _listed(hub)).items
    assert [(each.terminal_id, each.cols, each.rows, each.detached) for each in items] == [
        ("t", 80, 24, True)
    ]
    hub.desk.disconnected()
    hub.messages.clear()
    _attach(hub, cols=100)
    await hub.shown("t", b"unseen\r\n")
    assert isinstance(hub.messages[0], TerminalOpened)
    hub.type("stty size\n")
    await hub.shown("t", b"24 100\r\n")
    assert not (await _listed(hub)).items[0].detached


async def test_an_attach_makes_a_full_screen_program_draw_again(hub: HubSide) -> None:
    await hub.opened()
    hub.type("exec sh -c 'trap \"echo drawn\" WINCH; echo s''et; while :; do sleep 0.02; done'\n")
    await hub.shown("t", b"set")
    hub.say(TerminalDetach(terminal_id="t"))
    hub.messages.clear()
    _attach(hub)
    await hub.shown("t", b"drawn")


async def test_a_flood_in_a_detached_one_is_kept_to_its_end(hub: HubSide) -> None:
    await hub.opened()
    hub.say(TerminalDetach(terminal_id="t"))
    hub.messages.clear()
    hub.type("stty -opost; seq 1 300000; stty opost; echo fin''ished\n")
    _attach(hub)
    await hub.shown("t", b"finished")
    hub.say(TerminalDetach(terminal_id="t"))
    hub.messages.clear()
    _attach(hub)
    screen = await hub.shown("t", b"finished")
    assert len(screen) < 300 * 1024
    assert b"\n299999\n300000\n" in screen
    # It begins with a whole line.
    assert int(screen.removeprefix(b"\x1b[0m").split(b"\n")[0]) > 1


async def test_a_viewed_one_survives_a_lost_connection_for_a_while(hub: HubSide) -> None:
    await hub.opened()
    pid = await _pid(hub)
    hub.desk.disconnected()
    hub.messages.clear()
    _attach(hub)
    await hub.shown("t", b"ready")
    assert is_alive(pid)


async def test_a_viewer_that_does_not_come_back_ends_it() -> None:
    async with hub_side(patience=Patience(orphaned_s=0.1)) as hub:
        await hub.opened()
        pid = await _pid(hub)
        hub.desk.disconnected()
        await gone(pid)
        assert "did not come back" in (await hub.first(TerminalClose)).reason


async def test_a_detached_one_does_not_stay_for_ever() -> None:
    async with hub_side(patience=Patience(detached_s=0.1)) as hub:
        await hub.opened()
        hub.say(TerminalDetach(terminal_id="t"))
        assert "did not come back" in (await hub.first(TerminalClose)).reason


async def test_an_idle_one_is_ended() -> None:
    async with hub_side(patience=Patience(idle_s=0.3)) as hub:
        await hub.opened()
        pid = await _pid(hub)
        assert "idle" in (await hub.first(TerminalClose)).reason
        await gone(pid)


async def test_several_are_apart_and_the_seventeenth_is_refused(hub: HubSide) -> None:
    for number in range(16):
        await hub.opened(f"t{number}")
    hub.type("echo on''ly\n", "t3")
    await hub.shown("t3", b"only")
    assert b"only" not in hub.screen("t4")
    hub.say(TerminalOpen(terminal_id="t16", cols=80, rows=24))
    assert (await hub.first(TerminalClose)).code == "busy"
    assert len((await _listed(hub)).items) == 16


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"container": "web"}, "unavailable"),
        ({"term": "x; rm -rf /"}, "invalid_request"),
        ({"attach": True}, "not_found"),
    ],
)
async def test_what_cannot_be_opened_is_refused(hub: HubSide, fields: dict[str, Any], code: str) -> None:
    hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24, **fields))
    assert (await hub.first(TerminalClose)).code == code


async def test_an_id_in_use_is_refused(hub: HubSide) -> None:
    await hub.opened()
    hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
    assert (await hub.first(TerminalClose)).code == "duplicate"


async def test_without_permission_there_is_none() -> None:
    async with hub_side(Policy(frozenset({"commands", "logs"}), ())) as hub:
        hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
        assert (await hub.first(TerminalClose)).code == "not_allowed"


async def test_its_environment_holds_no_secret_of_the_agent(
    hub: HubSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATOPS_API_KEY", "secret-key")
    await hub.opened()
    hub.type("env; echo fin''ished\n")
    screen = await hub.shown("t", b"finished")
    assert b"secret-key" not in screen
    assert b"CHATOPS" not in screen


async def test_when_the_agent_stops_no_shell_is_left() -> None:
    async with hub_side(containment=Containment(cgroups=False)) as hub:
        await hub.opened()
        pid = await _pid(hub)
        hub.type("trap '' HUP TERM; sleep 1000 &\n")
        job = await _pid(hub, "$!")
    await gone(pid)
    end(job)


async def test_what_is_typed_before_it_is_open_is_not_lost(hub: HubSide) -> None:
    hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
    hub.type("echo ea''rly\n")
    await hub.shown("t", b"early\r\n")


async def test_closing_while_it_opens_leaves_nothing(hub: HubSide) -> None:
    hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
    hub.say(TerminalClose(terminal_id="t"))
    await hub.first(TerminalClose)
