"""What a machine allows stands in a file that nobody else can write; with flags, the narrower counts."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatops_agent.config import Config, load
from chatops_agent.policy import Login, Policy
from chatops_tui.signing.key_file import public_line
from chatops_wire.settings import SettingError

ENV = {"CHATOPS_URL": "http://hub:8765", "CHATOPS_API_KEY": "a-key"}
WHOLE = r"""
allow = ["docker_read", "commands", "terminal", "logs"]

[[command]]
run = ["/usr/bin/uptime"]

[[command]]
run = ["/usr/bin/systemctl", "restart", { pattern = '(nginx|php)\.service' }]
cwd = "/srv"
stdin = true
env = ["LANG"]

[docker]
deny = ["exec"]
containers = ["web-[0-9]+"]

[logs]
paths = ["/var/log/nginx", "/srv/log"]
units = ['nginx\.service']

[terminal]
shell = "/bin/sh"
"""


def written(folder: Path, text: str, mode: int = 0o644) -> str:
    path = folder / "policy.toml"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def loaded(path: str, **flags: Any) -> Config:  # noqa: ANN401 - values of flags
    return load({"policy": path, **flags}, ENV)


def signers(folder: Path, *keys: Ed25519PrivateKey, name: str = "signers") -> str:
    path = folder / name
    path.write_text("".join(public_line(key, "k") + "\n" for key in keys))
    path.chmod(0o644)
    return str(path)


def test_the_file_says_what_is_allowed(tmp_path: Path) -> None:
    policy = loaded(written(tmp_path, WHOLE)).policy
    assert policy.capabilities == ("metrics", "commands", "terminal", "logs", "docker_read")
    assert policy.login == Login("", "/bin/sh")
    assert not policy.allows_exec
    told = policy.told
    assert (told.source, told.allowed) == ("file", ("commands", "terminal", "logs", "docker_read"))
    assert told.commands == (
        "/usr/bin/uptime", r"/usr/bin/systemctl restart /(nginx|php)\.service/",
    )  # fmt: skip
    assert (told.containers, told.log_units) == (("web-[0-9]+",), (r"nginx\.service",))
    assert told.log_paths == ("/var/log/nginx", "/srv/log")


def test_an_empty_file_allows_nothing(tmp_path: Path) -> None:
    assert loaded(written(tmp_path, "")).policy.capabilities == ("metrics",)


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("all", {"docker_read", "commands", "terminal", "logs"}),
        ("commands,docker", {"commands", "docker_read"}),
        ("docker_read", {"docker_read"}),
        ("", set()),
    ],
)
def test_with_allow_the_narrower_counts(tmp_path: Path, flag: str, expected: set[str]) -> None:
    assert loaded(written(tmp_path, WHOLE), allow=flag).policy.allowed == expected


def test_the_flag_does_not_widen_the_file_nor_the_file_the_flag(tmp_path: Path) -> None:
    path = written(tmp_path, 'allow = ["all"]\n[docker]\ndeny = ["prune"]')
    policy = loaded(path, allow="docker", docker_deny="exec").policy
    assert policy.allowed == {"docker"}
    assert policy.denied == {"prune", "exec"}


def test_of_nested_log_paths_the_inner_counts(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE)
    assert loaded(path, log_path=["/var/log"]).policy.log_paths == (Path("/var/log/nginx"),)
    assert loaded(path, log_path=["/var/log/nginx/a", "/etc"]).policy.log_paths == (Path("/var/log/nginx/a"),)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("allow = [", "Invalid"),
        ('allow = ["root"]', "allow: 'root' is none of docker"),
        ('allwo = ["docker"]', "unknown field `allwo`"),
        ("[docker]\ncontainer = []", "unknown field `container`"),
        ('[docker]\ncontainers = ["("]', r"'\(' is no regular expression"),
        ('[[command]]\nrun = ["uptime"]', "absolute path"),
        ("[[command]]\nrun = []", "length >= 1"),
        ('[[command]]\nrun = [{ pattern = ".*" }]', "absolute path"),
        ('[[command]]\nrun = ["/bin/ls", { patern = "x" }]', "patern"),
        ('[[command]]\nrun = ["/bin/ls"]\ncwd = "srv"', "command.cwd: not an absolute path"),
        ('[logs]\npaths = ["log"]', "logs.paths: not an absolute path"),
        ('[terminal]\nuser = "no-such-user-here"', "no such user"),
        ('[terminal]\nshell = "sh"', "terminal.shell"),
        ('signed = ["commands"]', "signed needs authorized_signers"),
        ('signed = ["logs"]', "Invalid enum value 'logs'"),
        ("a = " + "[" * 5000, "nested|recursion|Invalid"),
    ],
)
def test_a_bad_file_is_named_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingError, match=complaint) as caught:
        loaded(path)
    assert str(caught.value).startswith(f"--policy: {path!r}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"--policy: .*: No such file"):
        loaded(str(tmp_path / "policy.toml"))


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingError, match="writable to nobody else"):
        loaded(written(tmp_path, WHOLE, mode))


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_a_folder_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    path = written(folder, WHOLE)
    folder.chmod(mode)
    with pytest.raises(SettingError, match=f"--policy: '{folder}' must be root's"):
        loaded(path)


def test_a_folder_above_that_others_may_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open" / "etc"
    folder.mkdir(parents=True)
    path = written(folder, WHOLE)
    folder.parent.chmod(0o777)
    with pytest.raises(SettingError, match="open' must be root's"):
        loaded(path)


def test_a_link_from_or_into_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    own.mkdir()
    path = written(own, WHOLE)
    (shared / "policy.toml").symlink_to(path)
    shared.chmod(0o777)
    with pytest.raises(SettingError, match="shared' must be root's"):
        loaded(str(shared / "policy.toml"))
    (shared / "policy.toml").unlink()
    (own / "link.toml").symlink_to(written(shared, WHOLE))
    with pytest.raises(SettingError, match="shared' must be root's"):
        loaded(str(own / "link.toml"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE)
    os.chown(path, 65534, 65534)
    with pytest.raises(SettingError, match="must be root's or this user's"):
        loaded(path)


def test_what_must_be_signed_can_be_a_part(tmp_path: Path) -> None:
    keys = signers(tmp_path, Ed25519PrivateKey.generate())
    allow = f'allow = ["all"]\nauthorized_signers = "{keys}"\n'
    part = loaded(written(tmp_path, allow + 'signed = ["commands"]'))
    assert part.policy.signed == {"commands"}
    assert part.signers is not None
    assert "signed" in part.policy.capabilities
    assert loaded(written(tmp_path, allow)).policy.signed == {"commands", "terminal", "docker"}


def test_the_flag_of_signers_asks_for_all_whatever_the_file_says(tmp_path: Path) -> None:
    one, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    both, lone = signers(tmp_path, one, other), signers(tmp_path, one, name="lone")
    path = written(tmp_path, f'signed = ["commands"]\nauthorized_signers = "{both}"')
    config = loaded(path, authorized_signers=lone)
    assert config.policy.signed == {"commands", "terminal", "docker"}
    # And only the keys that stand in both count.
    assert config.signers is not None
    assert len(config.signers) == 1
    with pytest.raises(SettingError, match="no key stands in both"):
        loaded(path, authorized_signers=signers(tmp_path, Ed25519PrivateKey.generate(), name="third"))


def test_of_a_long_list_the_hub_is_told_the_beginning(tmp_path: Path) -> None:
    rules = "".join(
        f"[[command]]\nrun = [\"/bin/{number}\", {{ pattern = '{'x' * 400}' }}]\n" for number in range(256)
    )
    told = loaded(written(tmp_path, f'allow = ["commands"]\n{rules}')).policy.told
    assert told.commands is not None
    assert len(told.commands) == 64
    # Even where each letter takes six bytes of JSON.
    odd = Policy(frozenset(), tuple(Path("/" + "\x01" * 300) for _ in range(64)))
    assert 0 < len(msgspec.json.encode(odd.told)) <= 32 * 1024
