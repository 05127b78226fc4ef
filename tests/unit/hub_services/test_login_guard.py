"""Who waits, who is refused, and what a volley of wrong tries gets."""

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest

from chatops_server.domain.login_limits import FailureWindow
from chatops_server.errors import TooManyRequestsError
from chatops_server.services.login_guard import LoginGuard, delay_s


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


@pytest.mark.parametrize(
    ("failures", "expected"), [(0, 0.0), (20, 0.0), (21, 0.25), (40, 0.5), (60, 1.0), (100, 4.0), (400, 4.0)]
)
def test_a_try_waits_the_longer_the_more_were_wrong_but_never_long(failures: int, expected: float) -> None:
    assert delay_s(failures) == expected


class Waits:
    """Notes how long tries are made to wait, and lets them pass."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def test_guesses_of_one_name_from_many_addresses_are_slowed_down_and_its_user_is_not() -> None:
    waits = Waits()
    guard = LoginGuard(lambda: 0, sleep=waits)
    await _try(guard, "ann", address="198.51.100.1")
    for number in range(60):
        await _try(guard, "ann", wrong=True, address=f"203.0.113.{number}")
    assert max(waits.seconds) >= 0.25
    before = len(waits.seconds)
    await _try(guard, "ann", address="198.51.100.1")
    assert len(waits.seconds) == before
    await _try(guard, "ann", address="198.51.100.2")
    assert waits.seconds[before:] == [1.0]


async def test_guesses_of_many_names_from_one_address_are_slowed_down_and_other_addresses_are_not() -> None:
    waits = Waits()
    guard = LoginGuard(lambda: 0, sleep=waits)
    for number in range(60):
        await _try(guard, f"user{number}", wrong=True)
    before = len(waits.seconds)
    assert before == 39
    await _try(guard, "ann", address="198.51.100.1")
    assert len(waits.seconds) == before


async def test_one_address_takes_few_places_whatever_the_names() -> None:
    """Else it could fill the line in which everybody's password waits to be checked."""
    guard = LoginGuard(lambda: 0)
    at_work = asyncio.Semaphore(0)
    held = asyncio.Event()

    async def hold(name: str) -> None:
        async with guard.attempt(name, "203.0.113.7"):
            at_work.release()
            await held.wait()

    waiting = [asyncio.create_task(hold(f"user{number}")) for number in range(50)]
    for _ in range(4):
        await at_work.acquire()
    await _try(guard, "ann", address="198.51.100.1")
    assert at_work.locked()
    held.set()
    await asyncio.gather(*waiting)
