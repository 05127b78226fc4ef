"""Keys are made, read and used; OpenSSH reads ours and signs what we accept."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chatops_tui.client.errors import SigningError
from chatops_tui.signing.key_file import make_key, read_key
from chatops_tui.signing.signer import Signer, open_key
from chatops_wire.signing import Request, Terms, message_bytes, parse_public_line, sshsig_blob

REQUEST = Request("command", "srv_1", {"command": "echo ä"})
needs_openssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")


def _nobody() -> str:
    raise AssertionError("nobody should be asked for a passphrase")


def _check(signer: Signer, line: str) -> None:
    signature = asyncio.run(signer.sign(REQUEST))
    public = parse_public_line(line)
    assert public is not None
    terms = Terms(signature.nonce, signature.issued_at, signature.expires_at)
    Ed25519PublicKey.from_public_bytes(public).verify(
        signature.sig, sshsig_blob(message_bytes(REQUEST, terms))
    )


def test_a_key_is_made_for_its_owner_only_and_signs(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    line = make_key(path, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_name("key.pub").read_text() == f"{line}\n"
    _check(Signer(open_key(path, _nobody), lambda: 0), line)


def test_a_passphrase_is_asked_for_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "key"
    line = make_key(path, "secret words")
    _check(Signer(open_key(path, lambda: "secret words"), lambda: 0), line)
    with pytest.raises(SigningError, match="wrong passphrase"):
        read_key(path, lambda: "guess")
    with pytest.raises(SigningError, match="wrong passphrase"):
        read_key(path, lambda: "")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key(path, "")
    before = path.read_bytes()
    with pytest.raises(SigningError, match="is there already"):
        make_key(path, "")
    assert path.read_bytes() == before


def test_no_private_key_is_left_where_its_public_half_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.with_name("key.pub").write_text("another\n")
    with pytest.raises(SigningError, match=r"key\.pub is there already"):
        make_key(path, "")
    assert [each.name for each in tmp_path.iterdir()] == ["key.pub"]


def test_what_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="No such file"):
        open_key(tmp_path / "none", _nobody)
    with pytest.raises(SigningError, match="No such file"):
        open_key(tmp_path / "none.pub", _nobody)
    path = tmp_path / "key"
    make_key(path, "")
    path.chmod(0o644)
    with pytest.raises(SigningError, match="chmod 600"):
        open_key(path, _nobody)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(SigningError, match="no OpenSSH private key"):
        open_key(path, _nobody)
    public = tmp_path / "rsa.pub"
    public.write_text("ssh-rsa AAAAB3Nza bob\n")
    with pytest.raises(SigningError, match="no ssh-ed25519"):
        open_key(public, _nobody)


@needs_openssh
def test_openssh_reads_the_key_that_was_made(tmp_path: Path) -> None:
    path = tmp_path / "key"
    line = make_key(path, "")
    told = _ssh_keygen("-y", "-f", str(path))
    assert told.split()[:2] == line.split()[:2]


@pytest.fixture
def agent_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ssh-agent that holds a key made by OpenSSH; the private file is gone."""
    key, socket = tmp_path / "id", tmp_path / "agent"
    _ssh_keygen("-q", "-t", "ed25519", "-N", "", "-f", str(key))
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE)  # noqa: S603, S607
    assert agent.stdout is not None
    agent.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    subprocess.run(["ssh-add", "-q", str(key)], check=True, capture_output=True)  # noqa: S603, S607
    key.unlink()
    yield
    agent.terminate()
    agent.wait()
    agent.stdout.close()


@needs_openssh
@pytest.mark.usefixtures("agent_socket")
def test_a_key_in_ssh_agent_signs(tmp_path: Path) -> None:
    path = tmp_path / "id.pub"
    _check(Signer(open_key(path, _nobody), lambda: 0), path.read_text())


@needs_openssh
def test_an_agent_that_does_not_hold_the_key_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nobody"))
    path = tmp_path / "key"
    make_key(path, "")
    path.unlink()
    with pytest.raises(SigningError, match="does not sign"):
        asyncio.run(Signer(open_key(tmp_path / "key.pub", _nobody), lambda: 0).sign(REQUEST))


def _ssh_keygen(*arguments: str) -> str:
    program = shutil.which("ssh-keygen")
    assert program is not None
    done = subprocess.run(  # noqa: S603 - OpenSSH's own program
        [program, *arguments], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return done.stdout
