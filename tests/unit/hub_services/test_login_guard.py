"""Who waits, who is refused, and what a volley of wrong tries gets."""

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest

from chatops_server.domain.login_limits import FailureWindow
from chatops_server.errors import TooManyRequestsError
from chatops_server.services.login_guard import LoginGuard


async def _try(
    guard: LoginGuard, username: str, *, wrong: bool = False, address: str = "203.0.113.7"
) -> None:
    async with guard.attempt(username, address) as attempt:
        await asyncio.sleep(0)
        if wrong:
            attempt.failed()


async def test_two_of_one_name_are_in_work_and_others_do_not_wait_for_them() -> None:
    guard = LoginGuard(lambda: 0)
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(guard.attempt("ann", "203.0.113.7"))
        third = asyncio.create_task(_try(guard, "Ann"))
        await _try(guard, "bob")
        await _try(guard, "ann", address="203.0.113.8")
        assert not third.done()
    await third


@pytest.mark.parametrize("count", [1, 19, 20, 21, 150])
async def test_of_a_volley_of_wrong_tries_only_so_many_pass(count: int) -> None:
    guard = LoginGuard(lambda: 0)
    tries = [_try(guard, "ann", wrong=True) for _ in range(count)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert results.count(None) == min(count, 20)
    refused = [result for result in results if result is not None]
    assert all(isinstance(result, TooManyRequestsError) for result in refused)


async def test_any_number_of_right_tries_pass() -> None:
    guard = LoginGuard(lambda: 0)
    await asyncio.gather(*(_try(guard, "ann") for _ in range(200)))


async def test_the_refusal_says_when_to_come_back() -> None:
    now_ms = 0
    guard = LoginGuard(lambda: now_ms, FailureWindow(limit=1, window_ms=60_000))
    await _try(guard, "ann", wrong=True)
    now_ms = 15_500
    with pytest.raises(TooManyRequestsError) as raised:
        await _try(guard, "ann")
    assert raised.value.retry_after_s == 45
    now_ms = 60_000
    await _try(guard, "ann")


async def test_a_line_that_is_too_long_is_not_made_longer() -> None:
    guard = LoginGuard(lambda: 0)
    async with guard.attempt("ann", "203.0.113.7"), guard.attempt("ann", "203.0.113.7"):
        waiting = [asyncio.create_task(_try(guard, "ann")) for _ in range(250)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert all(isinstance(task.exception(), TooManyRequestsError) for task in done)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results.count(None) == 198


async def test_whoever_gives_up_waiting_holds_nobody_up() -> None:
    guard = LoginGuard(lambda: 0)
    async with guard.attempt("ann", "203.0.113.7"), guard.attempt("ann", "203.0.113.7"):
        waiting = [asyncio.create_task(_try(guard, "ann")) for _ in range(3)]
        await _try(guard, "bob")
        waiting[0].cancel()
        with suppress(asyncio.CancelledError):
            await waiting[0]
    await asyncio.gather(*waiting[1:])
