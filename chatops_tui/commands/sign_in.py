"""A command's way to the hub: the remembered session, else a password from environment or keyboard."""

import asyncio
import contextlib
import getpass
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chatops_tui.client.connect import Hub, Tls, open_hub
from chatops_tui.client.errors import (
    HubAnswerError,
    HubError,
    HubUnreachableError,
    InvalidCredentialsError,
    OtpNeededError,
    SigningError,
    SignInNeededError,
    TooManyRequestsError,
)
from chatops_tui.client.session_file import SessionFile, SessionsBusyError
from chatops_tui.client.session_memory import SessionMemory
from chatops_tui.clock import now_ms
from chatops_tui.commands.say import complain
from chatops_tui.config import Settings, config_dir
from chatops_tui.exit_code import ExitCode
from chatops_tui.signing.chosen import PASSPHRASE_VARIABLE, chosen_sign, from_environment

if TYPE_CHECKING:
    from chatops_tui.client.session import SessionStore
    from chatops_tui.client.signatures import Sign

OTP_VARIABLE: Final = "CHATOPS_OTP"
"""Answers the prompt for a code of the second factor."""
Job = Callable[[Hub], Awaitable[int]]

# Why there is no session, as opposed to a hub that says no to what was asked.
_NO_SESSION = (
    HubUnreachableError,
    HubAnswerError,
    SignInNeededError,
    InvalidCredentialsError,
    TooManyRequestsError,
    SessionsBusyError,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in. `keep`: a person typed them, so the session is remembered; a script's ends with it."""

    username: str
    password: str
    keep: bool
    otp: str = ""
    """A code of the second factor."""


class _NotRememberedError(Exception):
    """No remembered session serves; nothing has been done yet. `username`: whose it was, or empty."""

    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username


def with_hub(settings: Settings, job: Job) -> int:
    """Run a job as the user who is, or now gets, signed in; return its status or that of the failure."""
    return _guarded(lambda: _with_hub(settings, job))


def with_login(settings: Settings, job: Job) -> int:
    """Sign in anew and remember it whoever answered the prompt, then run the job."""
    return _guarded(lambda: _with_login(settings, job))


def _guarded(work: Callable[[], int]) -> int:
    logging.basicConfig(format="chatops: %(message)s", level=logging.WARNING)
    try:
        return work()
    except _NO_SESSION as exc:
        complain(str(exc))
        return ExitCode.NO_SESSION
    except HubError as exc:
        complain(str(exc))
        return ExitCode.REFUSED


def _with_hub(settings: Settings, job: Job) -> int:
    try:
        return asyncio.run(_resumed(settings, job, _sign(settings)))
    except _NotRememberedError as exc:
        # Between two loops, because somebody who types must not hold one up.
        credentials = _ask(settings, settings.username or exc.username)
    return _in_steps(settings, credentials, job)


def _with_login(settings: Settings, job: Job) -> int:
    given = _ask(settings, settings.username)
    return _in_steps(settings, replace(given, keep=True), job)


def _in_steps(settings: Settings, credentials: Credentials, job: Job) -> int:
    """Sign in and do the job; ask for the code of the second factor where one is needed."""
    try:
        return asyncio.run(_signed_in(settings, credentials, job, _sign(settings)))
    except OtpNeededError:
        # Nothing of the job has begun: a login comes first.
        given = replace(credentials, otp=_otp())
    return asyncio.run(_signed_in(settings, given, job, _sign(settings)))


async def _resumed(settings: Settings, job: Job, sign: "Sign | None") -> int:
    tls = Tls(settings.tls_ca, settings.tls_pin)
    async with open_hub(settings.url, SessionFile(config_dir()), sign=sign, tls=tls) as hub:
        if not await hub.session.resume(settings.username):
            raise _NotRememberedError("")
        username = hub.session.username
        try:
            # Asked before the job begins, so that a dead session never stops one half-way.
            await hub.rest.me()
        except SignInNeededError as exc:
            raise _NotRememberedError(username) from exc
        return await job(hub)


async def _signed_in(settings: Settings, credentials: Credentials, job: Job, sign: "Sign | None") -> int:
    store: SessionStore = SessionFile(config_dir()) if credentials.keep else SessionMemory()
    async with open_hub(settings.url, store, sign=sign, tls=Tls(settings.tls_ca, settings.tls_pin)) as hub:
        await hub.session.login(credentials.username, credentials.password, credentials.otp)
        try:
            return await job(hub)
        finally:
            if not credentials.keep:
                with contextlib.suppress(HubError):
                    await hub.session.logout()


def _sign(settings: Settings) -> "Sign | None":
    return chosen_sign(settings, now_ms, _typed_passphrase)


def _typed_passphrase() -> str:
    if PASSPHRASE_VARIABLE in os.environ or not sys.stdin.isatty():
        return from_environment()
    try:
        return getpass.getpass("Passphrase of the signing key: ", stream=sys.stderr)
    except EOFError as exc:
        raise SigningError("no passphrase given") from exc


def _ask(settings: Settings, username: str) -> Credentials:
    """Return what the environment or the keyboard answers.

    Raises:
        SignInNeededError: There is neither.
    """
    if settings.password is not None and username:
        return Credentials(username, settings.password, keep=False)
    if not sys.stdin.isatty():
        otherwise = "run `chatops login`, or set CHATOPS_USERNAME and CHATOPS_PASSWORD"
        hubs = SessionFile(config_dir()).hubs()
        elsewhere = f"; you are signed in at {hubs[0]} (--url, CHATOPS_URL)" if hubs else ""
        raise SignInNeededError(f"not signed in at {settings.url}: {otherwise}{elsewhere}")
    sys.stderr.write(f"Hub: {settings.url}\n")
    username = username if settings.username else _typed_username(username)
    if settings.password is not None:
        return Credentials(username, settings.password, keep=False)
    return Credentials(username, _typed_password(username), keep=True)


def _otp() -> str:
    given = os.environ.get(OTP_VARIABLE, "")
    if given or not sys.stdin.isatty():
        if not given:
            raise SignInNeededError(f"a code of the second factor is needed: set {OTP_VARIABLE}")
        return given
    try:
        code = getpass.getpass("Code of the second factor: ", stream=sys.stderr).strip()
    except EOFError:
        code = ""
    if not code:
        raise SignInNeededError("no code given")
    return code


def _typed_username(suggested: str) -> str:
    sys.stderr.write(f"User [{suggested}]: " if suggested else "User: ")
    sys.stderr.flush()
    typed = sys.stdin.readline().strip() or suggested
    if not typed:
        raise SignInNeededError("no user name given")
    return typed


def _typed_password(username: str) -> str:
    try:
        return getpass.getpass(f"Password of {username}: ", stream=sys.stderr)
    except EOFError as exc:
        raise SignInNeededError("no password given") from exc
