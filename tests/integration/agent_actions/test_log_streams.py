import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chatops_agent.policy import Policy
from chatops_wire.streams import LogSource, StreamClose, StreamCredit, StreamData, StreamOpen
from tests.deadlines import eventually
from tests.integration.agent_actions.hub_side import HubSide, hub_side
from tests.integration.agent_actions.processes import gone


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The folder whose files may be followed."""
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def policy(logs: Path) -> Policy:
    return Policy(frozenset({"logs"}), (logs,))


def _follow(hub: HubSide, path: Path | str, tail: int = 100, **fields: int) -> None:
    hub.say(StreamOpen(stream_id="s", source=LogSource(path=str(path), tail=tail), **fields))


def _append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


async def _lines(hub: HubSide, *expected: str) -> None:
    await eventually(
        lambda: hub.lines("s") == list(expected), what=f"the lines {expected}, not {hub.lines('s')}"
    )


async def _refusal(hub: HubSide) -> StreamClose:
    return await hub.first(StreamClose, stream_id="s")


async def test_the_last_lines_come_first_and_then_what_is_written(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "".join(f"line {number}\n" for number in range(1000)))
    async with hub_side(policy) as hub:
        _follow(hub, log, tail=2)
        await _lines(hub, "line 998", "line 999")
        _append(log, "new\nhalf")
        await _lines(hub, "line 998", "line 999", "new")
        _append(log, " and half\n")
        await _lines(hub, "line 998", "line 999", "new", "half and half")
        hub.say(StreamClose(stream_id="s"))
        assert (await _refusal(hub)).code is None


async def test_without_a_tail_only_what_is_new_comes(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "old\n")
    async with hub_side(policy) as hub:
        _follow(hub, log, tail=0)
        # Opened once the second, which comes later, has shown its line.
        hub.say(StreamOpen(stream_id="other", source=LogSource(path=str(log))))
        await eventually(lambda: hub.lines("other") == ["old"])
        _append(log, "new\n")
        await eventually(lambda: hub.lines("other") == ["old", "new"])
        assert hub.lines("s") in ([], ["new"])


async def test_a_last_line_without_an_end_is_shown_in_time(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "whole\nno end")
    async with hub_side(policy) as hub:
        _follow(hub, log)
        await _lines(hub, "whole", "no end")


async def test_bytes_that_are_no_text_are_replaced(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, b"\xff\xfe ok\r\n" + "ü\n".encode())
    async with hub_side(policy) as hub:
        _follow(hub, log)
        await _lines(hub, "�� ok", "ü")


def _renamed(log: Path) -> None:
    log.rename(log.with_suffix(".1"))
    # The program has not opened the new one yet.
    _append(log.with_suffix(".1"), "late\n")
    log.write_text("fresh\n")


def _copied_and_cut(log: Path) -> None:
    _append(log, "late\n")
    (log.with_suffix(".1")).write_bytes(log.read_bytes())


def _replaced_by_rename(log: Path) -> None:
    _append(log, "late\n")
    (log.with_suffix(".new")).write_text("fresh\n")
    log.with_suffix(".new").rename(log)


@pytest.mark.parametrize("rotate", [_renamed, _replaced_by_rename])
async def test_a_rotated_file_is_followed_without_loss(
    policy: Policy, logs: Path, rotate: Callable[[Path], None]
) -> None:
    log = logs / "app.log"
    _append(log, "first\n")
    async with hub_side(policy) as hub:
        _follow(hub, log)
        await _lines(hub, "first")
        rotate(log)
        await _lines(hub, "first", "late", "fresh")
        _append(log, "more\n")
        await _lines(hub, "first", "late", "fresh", "more")


async def test_a_truncated_file_is_read_from_its_start(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "first line, longer than what comes\n")
    async with hub_side(policy) as hub:
        _follow(hub, log)
        await eventually(lambda: len(hub.lines("s")) == 1)
        _copied_and_cut(log)
        await eventually(lambda: hub.lines("s")[1:] == ["late"])
        os.truncate(log, 0)
        _append(log, "fresh\n")
        await eventually(lambda: hub.lines("s")[2:] == ["fresh"])


async def test_a_file_that_is_gone_for_a_while_is_waited_for(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "first\n")
    async with hub_side(policy) as hub:
        _follow(hub, log)
        await _lines(hub, "first")
        log.unlink()
        log.touch()
        _append(log, "again\n")
        await _lines(hub, "first", "again")


async def test_a_hub_that_takes_no_lines_is_waited_for(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "".join(f"{number}\n" for number in range(5000)))
    async with hub_side(policy) as hub:
        _follow(hub, log, tail=5000, window=10)
        await eventually(lambda: len(hub.lines("s")) == 10)
        hub.say(StreamCredit(stream_id="s", lines=100))
        await eventually(lambda: len(hub.lines("s")) == 110)
        hub.say(StreamCredit(stream_id="s", lines=10_000))
        await _lines(hub, *(str(number) for number in range(5000)))
        assert max(len(each.lines) for each in hub.of(StreamData)) <= 500


async def test_links_are_followed_only_to_where_files_may_be_read(
    policy: Policy, logs: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    (logs / "real").mkdir()
    (logs / "real" / "app.log").write_text("hello\n")
    (logs / "inside").symlink_to(logs / "real")
    (logs / "outside.log").symlink_to(secret)
    (logs / "up").symlink_to(tmp_path)
    (tmp_path / "logs-too").mkdir()
    (tmp_path / "logs-too" / "app.log").write_text("no\n")
    async with hub_side(policy) as hub:
        _follow(hub, logs / "inside" / "app.log")
        await _lines(hub, "hello")
        hub.say(StreamClose(stream_id="s"))
        await _refusal(hub)
        for path in (
            logs / "outside.log",
            logs / "up" / "secret",
            f"{logs}/../secret",
            f"{logs}-too/app.log",
            secret,
            "/no/such/file",
            "/etc/shadow",
            logs,
        ):
            hub.messages.clear()
            _follow(hub, path)
            refusal = await _refusal(hub)
            assert refusal.code == "not_allowed", path
            assert str(logs) in refusal.reason
            assert hub.lines("s") == []


async def test_only_regular_files_are_followed(policy: Policy, logs: Path) -> None:
    os.mkfifo(logs / "pipe")
    (logs / "folder").mkdir()
    (logs / "null").symlink_to("/dev/null")
    async with hub_side(policy) as hub:
        for name, code in [
            ("pipe", "invalid_request"),
            ("folder", "invalid_request"),
            ("null", "not_allowed"),
            ("missing", "not_found"),
            ("pipe/below", "not_found"),
            ("a\0b", "invalid_request"),
        ]:
            hub.messages.clear()
            _follow(hub, f"{logs}/{name}")
            assert (await _refusal(hub)).code == code, name
        hub.messages.clear()
        for path, said in [("relative.log", "a path must be absolute"), ("/a\0", "a path holds no NUL")]:
            hub.messages.clear()
            _follow(hub, path)
            refusal = await _refusal(hub)
            assert (refusal.code, refusal.reason) == ("invalid_request", said)


async def test_without_permission_nothing_is_followed(logs: Path) -> None:
    (logs / "app.log").touch()
    async with hub_side(Policy(frozenset({"commands"}), (logs,))) as hub:
        for source in (LogSource(path=str(logs / "app.log")), LogSource(unit="x.service")):
            hub.messages.clear()
            hub.say(StreamOpen(stream_id="s", source=source))
            assert (await _refusal(hub)).code == "not_allowed"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (LogSource(), "invalid_request"),
        (LogSource(path="/a", unit="b"), "invalid_request"),
        (LogSource(container="web"), "unavailable"),
        (LogSource(unit="--directory=/"), "invalid_request"),
        (LogSource(unit="*"), "invalid_request"),
        (LogSource(unit="a b"), "invalid_request"),
        (LogSource(unit=""), "invalid_request"),
    ],
)
async def test_an_impossible_source_is_refused(policy: Policy, source: LogSource, code: str) -> None:
    async with hub_side(policy) as hub:
        hub.say(StreamOpen(stream_id="s", source=source))
        assert (await _refusal(hub)).code == code


async def test_there_are_at_most_sixteen(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "hello\n")
    async with hub_side(policy) as hub:
        for number in range(16):
            hub.say(StreamOpen(stream_id=f"s{number}", source=LogSource(path=str(log))))
        _follow(hub, log)
        assert (await _refusal(hub)).code == "busy"
        await eventually(lambda: all(hub.lines(f"s{number}") == ["hello"] for number in range(16)))
        hub.say(StreamOpen(stream_id="s0", source=LogSource(path=str(log))))
        assert (await hub.first(StreamClose, stream_id="s0")).code == "duplicate"


async def test_they_end_with_the_connection(policy: Policy, logs: Path) -> None:
    log = logs / "app.log"
    _append(log, "hello\n")
    async with hub_side(policy) as hub:
        _follow(hub, log)
        await _lines(hub, "hello")
        hub.desk.disconnected()
        hub.messages.clear()
        _follow(hub, log)
        await _lines(hub, "hello")
        assert not hub.of(StreamClose)


JOURNALCTL = r"""#!/bin/sh
echo "$@" > "$0.args"
echo $$ > "$0.pid"
cat <<'END'
{"MESSAGE":"Started web.","__REALTIME_TIMESTAMP":"1767225600123456","_PID":"1"}
{"MESSAGE":"two\nlines","__REALTIME_TIMESTAMP":"1767225601000000"}
{"MESSAGE":[104,105,255],"__REALTIME_TIMESTAMP":"1767225602000000"}
{"MESSAGE":null}
no json
END
"""


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal of some entries; the real one needs a systemd that runs."""
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(f"{JOURNALCTL}\nexec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def _noted(journalctl: Path, what: str) -> str:
    return journalctl.with_name(f"journalctl.{what}").read_text()


async def test_a_unit_is_followed_through_the_journal(policy: Policy, journalctl: Path) -> None:
    async with hub_side(policy) as hub:
        hub.say(StreamOpen(stream_id="s", source=LogSource(unit="web@1.service", tail=7)))
        await _lines(hub, "Started web.", "two", "lines", "hi�", "", "[entry too long]")
        first = hub.of(StreamData)[0].lines[0]
        assert (first.ts, first.stream) == ("2026-01-01T00:00:00.123Z", "stdout")
        wanted = {"--unit=web@1.service", "--lines=7", "--follow", "--output=json"}
        assert wanted <= set(_noted(journalctl, "args").split())
        pid = int(_noted(journalctl, "pid"))
        hub.say(StreamClose(stream_id="s"))
        await _refusal(hub)
        await gone(pid)


async def test_a_journal_that_ends_says_why(policy: Policy, journalctl: Path) -> None:
    journalctl.write_text("#!/bin/sh\necho 'No journal files were found.' >&2\nexit 1\n")  # noqa: ASYNC240
    async with hub_side(policy) as hub:
        hub.say(StreamOpen(stream_id="s", source=LogSource(unit="web.service")))
        refusal = await _refusal(hub)
    assert (refusal.code, refusal.reason) == ("unavailable", "No journal files were found.")


async def test_without_journalctl_that_is_said(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with hub_side(policy) as hub:
        hub.say(StreamOpen(stream_id="s", source=LogSource(unit="web.service")))
        refusal = await _refusal(hub)
    assert (refusal.code, refusal.reason) == ("unavailable", "there is no journalctl on this machine")
