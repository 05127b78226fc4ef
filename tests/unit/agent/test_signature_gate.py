"""A machine that asks for signatures does what is signed for it, now and once, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from chatops_agent.actions.signed import refused
from chatops_agent.signers import Clock, SignatureGate, Signers, read_signers
from chatops_tui.signing.key_file import FileKey, public_line
from chatops_tui.signing.signer import Signer
from chatops_wire.commands import Command
from chatops_wire.containers import DockerCommand, DockerResponse
from chatops_wire.settings import SettingError
from chatops_wire.signing import Action, Request, Signature, command_params, fingerprint, terminal_params
from chatops_wire.times import format_ms

NOW_MS = 1_760_000_000_000
MINUTE_MS = 60_000
ALICE, MALLORY = (Ed25519PrivateKey.generate() for _ in range(2))
UPTIME = command_params(Command(command_id="c", command="uptime"))


def gate(*, now_ms: int = NOW_MS, started_ms: int = 0, server_id: str = "srv_1") -> SignatureGate:
    raw = ALICE.public_key().public_bytes_raw()
    signers = Signers({fingerprint(raw): raw})
    return SignatureGate(signers, lambda: server_id, Clock(lambda: now_ms, started_ms))


async def signed(
    params: Mapping[str, Any] = UPTIME,
    *,
    action: Action = "command",
    server_id: str = "srv_1",
    key: Ed25519PrivateKey = ALICE,
    at_ms: int = NOW_MS,
) -> Signature:
    return await Signer(FileKey(key), lambda: at_ms).sign(Request(action, server_id, params))


async def test_what_a_known_key_signed_passes_once() -> None:
    door, signature = gate(), await signed()
    assert door.refusal("command", UPTIME, signature) is None
    assert door.refusal("command", UPTIME, signature) == "the signature has been used"
    assert door.refusal("command", UPTIME, await signed()) is None


async def test_without_signers_nothing_need_be_signed() -> None:
    door = SignatureGate(None, lambda: "srv_1", Clock(lambda: NOW_MS, 0))
    assert door.refusal("command", UPTIME, None) is None
    assert not door.is_needed


def test_what_is_not_signed_is_refused() -> None:
    assert "only what is signed" in (gate().refusal("command", UPTIME, None) or "")


@pytest.mark.parametrize(
    "changed",
    [
        {"command": "uptime; rm -rf /"},
        {"argv": ("uptime",)},
        {"timeout_s": 61.0},
        {"cwd": "/root"},
        {"env": {"LD_PRELOAD": "/tmp/evil.so"}},  # noqa: S108 - what an attacker would do
        {"stdin": "yes\n"},
        {"stdin_data": b"yes\n"},
    ],
)
async def test_what_was_altered_is_refused(changed: Mapping[str, Any]) -> None:
    order = replace(Command(command_id="c", command="uptime"), **changed)
    assert "none of an authorized signer" in (
        gate().refusal("command", command_params(order), await signed()) or ""
    )


@pytest.mark.parametrize("part", ["nonce", "issued_at", "expires_at", "sig"])
async def test_no_part_of_a_signature_can_be_changed(part: str) -> None:
    signature = await signed()
    others: dict[str, Any] = {
        "nonce": "0" * 32,
        "issued_at": format_ms(NOW_MS - 1),
        "expires_at": format_ms(NOW_MS + MINUTE_MS),
        "sig": bytes(64),
    }
    altered = replace(signature, **{part: others[part]})
    assert "none of an authorized signer" in (gate().refusal("command", UPTIME, altered) or "")


async def test_a_signature_for_another_machine_or_action_is_refused() -> None:
    elsewhere = await signed(server_id="srv_2")
    assert "to this machine" in (gate().refusal("command", UPTIME, elsewhere) or "")
    params = terminal_params(None)
    assert gate().refusal("terminal_attach", params, await signed(params, action="terminal")) is not None


async def test_a_stranger_s_signature_is_refused() -> None:
    stranger = await signed(key=MALLORY)
    assert gate().refusal("command", UPTIME, stranger) is not None
    claims = replace(stranger, signer=(await signed()).signer)
    assert gate().refusal("command", UPTIME, claims) is not None


@pytest.mark.parametrize(
    ("at_ms", "said"),
    [
        (NOW_MS - 3 * MINUTE_MS, "expired"),
        (NOW_MS + 2 * MINUTE_MS, "future"),
    ],
)
async def test_early_and_late_are_refused(at_ms: int, said: str) -> None:
    assert said in (gate().refusal("command", UPTIME, await signed(at_ms=at_ms)) or "")


async def test_a_long_lived_signature_is_refused() -> None:
    lasting = replace(await signed(), expires_at=format_ms(NOW_MS + 10 * MINUTE_MS))
    assert "good for longer" in (gate().refusal("command", UPTIME, lasting) or "")
    endless = replace(lasting, issued_at="whenever")
    assert "no RFC 3339" in (gate().refusal("command", UPTIME, endless) or "")


async def test_what_was_signed_before_a_restart_is_not_replayed_after_it() -> None:
    signature = await signed()
    assert gate().refusal("command", UPTIME, signature) is None
    restarted = gate(now_ms=NOW_MS + 2000, started_ms=NOW_MS + 1000)
    assert "sign again" in (restarted.refusal("command", UPTIME, signature) or "")


def test_signers_are_read_from_a_file_like_authorized_keys(tmp_path: Path) -> None:
    file = tmp_path / "signers"
    file.write_text(f"# ours\n\nalice {public_line(ALICE, 'alice@desk')}\nssh-rsa AAAAB3Nza bob\n")
    file.chmod(0o644)
    assert len(read_signers(str(file))) == 1


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("", 0o600, "holds no"),
        ("ssh-rsa AAAAB3Nza bob\n", 0o600, "holds no"),
        ("ssh-ed25519 AAAAC3Nza mallory\n", 0o600, "line 1"),
        (f"{public_line(ALICE, 'a')}\n", 0o666, "writable to nobody else"),
    ],
)
def test_a_bad_file_of_signers_stops_the_agent(tmp_path: Path, content: str, mode: int, said: str) -> None:
    file = tmp_path / "signers"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(SettingError, match=said):
        read_signers(str(file))


def test_a_missing_file_of_signers_stops_the_agent(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="No such file"):
        read_signers(str(tmp_path / "none"))


def test_revealing_what_is_hidden_needs_a_signature_and_reading_does_not() -> None:
    plain = DockerCommand(command_id="d", action="inspect", container_id="web")
    assert refused(gate(), plain) is None
    answer = refused(gate(), replace(plain, params={"reveal": True}))
    assert isinstance(answer, DockerResponse)
    assert (answer.success, answer.code) == (False, "not_allowed")
