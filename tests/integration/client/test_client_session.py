"""The session: one renewal for many callers and many programs, remembered in a private file."""

import asyncio
import errno
import fcntl
import json
import logging
import multiprocessing
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from chatops_tui.client.connect import Hub, open_hub
from chatops_tui.client.errors import HubUnreachableError, SignInNeededError
from chatops_tui.client.session import Session
from chatops_tui.client.session_file import FILE, SessionFile, SessionsBusyError
from chatops_tui.client.session_memory import SessionMemory
from chatops_tui.client.wire import Wire
from chatops_wire.rest import Tokens
from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import PASSWORD, HubDouble, problem

TOKENS = Tokens(access_token="given", refresh_token="follows")  # noqa: S106 - a test's


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def session_of(served: Served, now: Callable[[], float]) -> AsyncIterator[Session]:
    async with aiohttp.ClientSession() as http:
        session = Session(Wire(served.url, http), SessionMemory(), now)
        await session.login("ada", PASSWORD)
        yield session
        await session.close()


async def test_a_fresh_token_is_used_again(hub: Hub, double: HubDouble) -> None:
    assert await hub.session.token() == await hub.session.token()
    assert double.refreshes == 0
    assert 1600 < hub.session.renew_in_s < 1800


async def test_a_token_is_renewed_ahead_of_its_end(served: Served) -> None:
    clock = Clock()
    async with session_of(served, clock) as session:
        before = await session.token()
        clock.now_s += 1800 - 120 - 1
        assert await session.token() == before
        clock.now_s += 1
        assert await session.token() != before
    assert served.double.refreshes == 1


async def test_callers_that_come_together_share_one_renewal(served: Served) -> None:
    clock = Clock()
    async with session_of(served, clock) as session:
        clock.now_s += 1800
        tokens = await asyncio.gather(*(session.token() for _ in range(20)))
    assert len(set(tokens)) == 1
    assert (served.double.refreshes, served.double.reused) == (1, 0)


async def test_a_refused_token_is_replaced_and_the_call_repeated(hub: Hub, double: HubDouble) -> None:
    double.access.clear()
    assert (await hub.rest.me()).username == "ada"
    assert double.refreshes == 1


async def test_a_session_the_hub_ended_needs_signing_in(hub: Hub, double: HubDouble) -> None:
    double.access.clear()
    double.refresh.clear()
    with pytest.raises(SignInNeededError, match="the session has ended, sign in again"):
        await hub.rest.me()
    assert not await hub.session.resume()


async def test_nobody_signed_in_is_told(served: Served) -> None:
    async with open_hub(served.url, SessionMemory()) as hub:
        with pytest.raises(SignInNeededError, match="you are not signed in"):
            await hub.rest.me()


async def test_a_token_still_holds_while_the_hub_is_away(served: Served) -> None:
    """Due for renewal is not yet expired: a hub that restarts costs nobody the session."""
    clock = Clock()
    async with session_of(served, clock) as session:
        before = await session.token()
        await served.stop()
        clock.now_s += 1800 - 60
        assert await session.token() == before
        clock.now_s += 61
        with pytest.raises(HubUnreachableError):
            await session.token()


async def test_a_renewal_does_not_undo_a_login_that_came_after_it(served: Served) -> None:
    double, clock = served.double, Clock()
    async with session_of(served, clock) as session:
        clock.now_s += 1800
        double.refresh_gate.clear()
        caller = asyncio.create_task(session.token())
        await eventually(lambda: double.refreshes == 1)
        login = asyncio.create_task(session.adopt("bea", TOKENS))
        await eventually(lambda: session.username == "bea")
        double.refresh_gate.set()
        await asyncio.gather(caller, login)
        assert (session.username, await session.token()) == ("bea", "given")


async def test_a_cancelled_caller_does_not_lose_the_new_token(served: Served) -> None:
    """The old refresh token is dead once the hub has it, so the answer is waited for and kept."""
    double, clock = served.double, Clock()
    async with session_of(served, clock) as session:
        clock.now_s += 1800
        double.refresh_gate.clear()
        caller = asyncio.create_task(session.token())
        await eventually(lambda: double.refreshes == 1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        double.refresh_gate.set()
        await session.token()
    assert (double.refreshes, double.reused) == (1, 0)


async def test_tokens_of_somebody_else_are_taken_up(served: Served) -> None:
    double = served.double
    double.access.add(TOKENS.access_token)
    async with open_hub(served.url, SessionMemory()) as hub:
        await hub.session.adopt("ada", TOKENS)
        assert (await hub.rest.me()).username == "ada"
    assert double.logins == 0


async def test_logging_out_forgets_here_and_there(served: Served, tmp_path: Path) -> None:
    async with open_hub(served.url, SessionFile(tmp_path)) as hub:
        await hub.session.login("ada", PASSWORD)
        await hub.session.logout()
        await hub.session.logout()
        assert not await hub.session.resume()
    assert served.double.refresh == set()


async def test_a_session_is_remembered_for_the_next_start(served: Served, tmp_path: Path) -> None:
    async with open_hub(served.url, SessionFile(tmp_path)) as hub:
        await hub.session.login("ada", PASSWORD)
    async with open_hub(served.url, SessionFile(tmp_path)) as hub:
        assert await hub.session.resume()
        assert (await hub.rest.me()).username == hub.session.username == "ada"
    assert served.double.logins == 1


async def test_sessions_are_kept_apart_by_hub_and_user(served: Served, tmp_path: Path) -> None:
    store = SessionFile(tmp_path)
    async with open_hub(served.url, store) as hub:
        await hub.session.adopt("ada", TOKENS)
        await hub.session.adopt("bob", TOKENS)
        await hub.session.adopt("ada", TOKENS)
    async with open_hub(served.url, store) as hub:
        assert await hub.session.resume()
        assert hub.session.username == "ada"
        assert await hub.session.resume("bob")
        assert not await hub.session.resume("eve")
    async with open_hub("http://127.0.0.1:1", store) as elsewhere:
        assert not await elsewhere.session.resume()


async def test_the_file_is_private(served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "chatops"
    async with open_hub(served.url, SessionFile(folder)) as hub:
        await hub.session.login("ada", PASSWORD)
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["sessions.json", "sessions.lock"]


@pytest.mark.parametrize("content", [b"{", b"[1,2]", b'{"sessions":[{"url":1}]}', b"\xff\xfe", b""])
async def test_a_broken_file_is_ignored_with_a_warning(
    served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / FILE).write_bytes(content)
    async with open_hub(served.url, SessionFile(tmp_path)) as hub:
        with caplog.at_level(logging.WARNING):
            assert not await hub.session.resume()
        assert caplog.messages == ["remembered sessions ignored"]
        await hub.session.login("ada", PASSWORD)
        assert await hub.session.resume()


async def test_a_folder_that_cannot_be_written_costs_only_the_memory(
    served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with caplog.at_level(logging.WARNING):
        async with open_hub(served.url, SessionFile(tmp_path / "file" / "chatops")) as hub:
            await hub.session.login("ada", PASSWORD)
            assert (await hub.rest.me()).username == "ada"
    assert "session not remembered" in caplog.messages


async def test_a_file_system_without_locks_costs_only_a_warning(
    served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_file: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    async with open_hub(served.url, SessionFile(tmp_path)) as hub:
        await hub.session.login("ada", PASSWORD)
    assert caplog.messages == ["sessions cannot be locked"]
    async with open_hub(served.url, SessionFile(tmp_path)) as hub:
        assert await hub.session.resume()


async def test_a_lock_that_is_never_let_go_is_an_error(tmp_path: Path) -> None:
    async with SessionFile(tmp_path).hold():
        with pytest.raises(SessionsBusyError, match="another chatops program is holding"):
            async with SessionFile(tmp_path, lock_within_s=0.05).hold():
                pass


async def test_the_hub_may_refuse_a_renewal_for_now(served: Served) -> None:
    """A hub that fails to renew keeps the session; only its 401 ends it."""
    clock = Clock()

    async def failing(_request: web.Request) -> web.Response:
        return problem(503, "unavailable", "disk full")

    async with session_of(served, clock) as session:
        before = await session.token()
        clock.now_s += 1700
        served.double.override = failing
        assert await session.token() == before
        served.double.override = None
        assert await session.token() != before


async def test_programs_that_share_the_file_use_each_refresh_token_once(
    served: Served, tmp_path: Path
) -> None:
    """Three processes renew in turn, again and again; a refresh token used twice would end them all."""
    served.double.expires_in = 0
    async with open_hub(served.url, SessionFile(tmp_path)) as hub:
        await hub.session.login("ada", PASSWORD)
    context = multiprocessing.get_context("spawn")
    programs = [context.Process(target=_renew_often, args=(served.url, str(tmp_path))) for _ in range(3)]
    for program in programs:
        program.start()
    async with asyncio.timeout(6 * DEADLINE_S):
        for program in programs:
            await asyncio.to_thread(program.join)

    assert [program.exitcode for program in programs] == [0, 0, 0]
    assert (served.double.refreshes, served.double.reused) == (15, 0)
    kept = json.loads((tmp_path / FILE).read_text())["sessions"]
    assert [session["refresh_token"] for session in kept] == sorted(served.double.refresh)


def _renew_often(url: str, folder: str) -> None:
    async def renew() -> None:
        async with open_hub(url, SessionFile(Path(folder))) as hub:
            assert await hub.session.resume()
            for _ in range(5):
                # Tokens that live 0 s are always due, so every call renews.
                await hub.session.token()

    asyncio.run(renew())
