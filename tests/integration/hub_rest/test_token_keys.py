"""The keys that sign access tokens: changed while people work, and nobody is logged out."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from chatops_server.app import open_hub
from chatops_server.assembly import Setup
from chatops_server.services.access_tokens import ACCESS_TOKEN_S
from chatops_server.storage.sql.audit import AuditFilter
from chatops_server.token_keys import TokenKeysFile
from chatops_wire.rest import Login
from chatops_wire.settings import SettingError
from tests.deadlines import DEADLINE_S, eventually
from tests.hub_rows import Clock
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, CHEAP

NOW_MS = 1_700_000_000_000


def program(*words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "chatops_server", *words],
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * DEADLINE_S,
    )


def test_a_key_is_made_once_for_its_user_only(tmp_path: Path) -> None:
    file = TokenKeysFile(tmp_path / "state", Clock(NOW_MS))
    kid = file.ring().current.kid
    assert TokenKeysFile(tmp_path / "state", Clock(NOW_MS)).ring().current.kid == kid
    [kept] = (tmp_path / "state").glob("token_keys.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_key_before_is_good_until_its_last_token_ends_and_then_forgotten(tmp_path: Path) -> None:
    clock = Clock(NOW_MS)
    file = TokenKeysFile(tmp_path, clock)
    before = file.ring().current.kid
    file.rotate()
    assert file.ring().find(before, clock()) is not None
    clock.now_ms += (ACCESS_TOKEN_S + 59) * 1000
    assert file.ring().find(before, clock()) is not None
    clock.now_ms += 2000
    assert file.ring().find(before, clock()) is None
    file.rotate()
    assert before not in (tmp_path / "token_keys.json").read_text()


def test_after_a_leak_the_keys_before_end_at_once(tmp_path: Path) -> None:
    file = TokenKeysFile(tmp_path, Clock(NOW_MS))
    before = file.ring().current.kid
    file.rotate(forget=True)
    assert file.ring().find(before, NOW_MS) is None


def test_a_key_that_has_signed_for_long_is_due(tmp_path: Path) -> None:
    clock = Clock(NOW_MS)
    file = TokenKeysFile(tmp_path, clock)
    assert file.is_due() is False
    file.ring()
    clock.now_ms += 91 * 24 * 3600 * 1000
    assert file.is_due() is True
    file.rotate()
    assert file.is_due() is False


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'[{"secret":"AA==","made_ms":1}]'])
def test_a_damaged_file_ends_the_start_and_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token_keys.json").write_bytes(content)
    with pytest.raises(SettingError):
        TokenKeysFile(tmp_path, Clock(NOW_MS)).ring()
    assert (tmp_path / "token_keys.json").read_bytes() == content


async def test_a_running_hub_takes_over_a_new_key_and_keeps_the_one_before(tmp_path: Path) -> None:
    setup = Setup(tmp_path / "hub.db", tmp_path, ADMIN_PASSWORD, password_cost=CHEAP)
    async with open_hub(setup) as running:
        await running.first_admin()
        login = Login(username="admin", password=ADMIN_PASSWORD)
        before = (await running.hub.accounts.login(login, None)).access_token
        kid = await asyncio.to_thread(TokenKeysFile(tmp_path, running.hub.now_ms).rotate)

        async def is_audited() -> bool:
            entries, _ = await running.hub.ledger.listed(AuditFilter(action="secret.rotate"))
            return kid in [entry.target for entry in entries]

        await eventually(is_audited)
        after = (await running.hub.accounts.login(login, None)).access_token
        assert jwt.get_unverified_header(after)["kid"] == kid
        for token in (before, after):
            assert running.hub.accounts.authenticate(token).username == "admin"


def test_the_command_line_changes_the_key(tmp_path: Path) -> None:
    first = program("secret", "rotate", "--data-dir", str(tmp_path))
    again = program("secret", "rotate", "--data-dir", str(tmp_path))
    assert (first.returncode, again.returncode) == (0, 0)
    assert first.stdout != again.stdout
    refused = program("secret", "rotate", "--data-dir", str(tmp_path), CHATOPS_SECRET="0123456789abcdef" * 3)
    assert refused.returncode == 2
    assert "CHATOPS_SECRET_PREVIOUS" in refused.stderr
