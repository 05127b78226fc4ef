"""The units, the sudo rule and the policy that come along: they load, and are as tight as docs say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from chatops_agent.policy_file import Flags, settle_policy
from tests.project import ROOT

PACKAGING: Final = ROOT / "packaging"
UNITS: Final = ("chatops-agent", "chatops-hub")
# As `systemd-analyze security` counts, in tenths: 0 is best, 100 worst.
MOST_EXPOSED: Final = {"chatops-agent": 20, "chatops-hub": 15}
# What both have in common, whatever version of systemd looks at them.
ALWAYS: Final = (
    "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "PrivateTmp=yes", "UMask=0077",
    "RestrictNamespaces=yes", "RestrictSUIDSGID=yes", "MemoryDenyWriteExecute=yes",
    "ProtectKernelModules=yes", "SystemCallFilter=@system-service", "SystemCallArchitectures=native",
)  # fmt: skip


def unit(name: str) -> Path:
    return PACKAGING / "systemd" / f"{name}.service"


def analyzed(*words: str) -> subprocess.CompletedProcess[str] | None:
    """Return what systemd-analyze says; None where there is none."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return None
    return subprocess.run(  # noqa: S603 - our own words
        [program, *words], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_sandboxed_and_never_roots(name: str) -> None:
    lines = unit(name).read_text().splitlines()
    assert [line for line in ALWAYS if line not in lines] == []
    assert "DynamicUser=yes" in lines or "User=chatops-agent" in lines
    # No secret in the environment or on the command line.
    assert not [line for line in lines if re.match(r"Environment=|ExecStart=.*(key=|secret|password)", line)]


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line_of_a_unit(name: str, tmp_path: Path) -> None:
    text = re.sub(
        r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit(name).read_text(), flags=re.MULTILINE
    )
    copy = tmp_path / f"{name}.service"
    copy.write_text(text)
    said = analyzed("verify", "--man=no", str(copy))
    if said is not None:
        assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_exposes_no_more_than_we_say(name: str) -> None:
    said = analyzed(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED[name]}", "--no-pager", str(unit(name))
    )
    if said is not None:
        assert said.returncode == 0, said.stdout.splitlines()[-1]


def test_the_sudo_rule_allows_exact_commands_and_nothing_else() -> None:
    rule = PACKAGING / "sudoers.d" / "chatops-agent"
    lines = [line for line in rule.read_text().splitlines() if line and not line.startswith("#")]
    defaults, *commands = lines
    assert defaults == "Defaults:chatops-agent env_reset, use_pty, !lecture"
    allowed = re.compile(r"chatops-agent ALL=\(root\) NOPASSWD: /usr/bin/[a-z]+( [a-z][a-z.]*)+")
    assert [line for line in commands if allowed.fullmatch(line) is None] == []
    visudo = shutil.which("visudo")
    if visudo is not None:
        assert subprocess.run([visudo, "-cf", str(rule)], check=False).returncode == 0  # noqa: S603 - ours


def test_the_policy_that_comes_along_is_one(tmp_path: Path) -> None:
    copy = tmp_path / "policy.toml"
    shutil.copyfile(PACKAGING / "policy.toml", copy)
    copy.chmod(0o644)
    policy = settle_policy(Flags(None, None, (), "", str(copy))).policy
    assert policy.capabilities == ("metrics", "commands", "logs", "docker_read")
    # Whatever it allows as root is in the sudo rule.
    rule = (PACKAGING / "sudoers.d" / "chatops-agent").read_text()
    for command in policy.commands or ():
        if command.program.endswith("/sudo"):
            assert f"NOPASSWD: {command.text.partition(' -n ')[2]}\n" in rule
