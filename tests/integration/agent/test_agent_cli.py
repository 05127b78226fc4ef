"""The command as a person or a service manager runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chatops_wire.samples import SampleParts
from tests.deadlines import DEADLINE_S


def run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "chatops_agent", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


@pytest.fixture
def busy_process() -> Iterator[int]:
    """Its id: a process that takes a whole core, for on a quiet machine nothing else might show up."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    yield process.pid
    process.kill()
    process.wait()


def test_one_sample_is_printed_as_json(busy_process: int) -> None:
    done = run("sample")
    assert (done.returncode, done.stderr) == (0, "")
    sample = msgspec.json.decode(done.stdout, type=SampleParts)
    assert 0 <= sample.cpu.percent <= 100
    assert sample.disks
    assert all(disk.percent <= 100 for disk in sample.disks)
    assert sample.process_count
    assert any(process.pid == busy_process and process.cpu_percent > 0 for process in sample.processes)
    # Rates need two readings; the network's are there whatever the machine did.
    assert all(network.rx_bps is not None for network in sample.networks)
    assert "seq" not in json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "environ", "named"),
    [
        (["run"], {}, "--url or CHATOPS_URL"),
        (["run", "--url", "http://h"], {}, "CHATOPS_API_KEY or --api-key-file"),
        (["run", "--url", "http://h", "--allow", "docker,root"], {"CHATOPS_API_KEY": "k"}, "--allow"),
        (["run", "--url", "http://h", "--interval", "0"], {"CHATOPS_API_KEY": "k"}, "--interval"),
        (["run", "--url", "http://h"], {"CHATOPS_API_KEY": "chops_typo"}, "CHATOPS_API_KEY"),
        (["run", "--url", "http://h"], {"CHATOPS_API_KEY": "k", "CHATOPS_INTERVAL": "x"}, "CHATOPS_INTERVAL"),
        (["run", "--api-key", "k"], {}, "--api-key"),
        (["run", "--frobnicate"], {"CHATOPS_URL": "http://h"}, "--frobnicate"),
        (["dance"], {}, "dance"),
        ([], {}, "COMMAND"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it_and_exit_2(
    arguments: list[str], environ: dict[str, str], named: str
) -> None:
    done = run(*arguments, **environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("chatops-agent: ")
    assert named in done.stderr


def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")
    done = run("run", "--url", "https://h", "--tls-ca", str(file), CHATOPS_API_KEY="k")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("chatops-agent: --tls-ca: ")


def test_help_names_every_setting_and_loads_little() -> None:
    code = (
        "import sys; from chatops_agent import cli\n"
        "try: cli.main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=DEADLINE_S
    )
    for flag in ("url", "interval", "data-dir", "allow", "log-path", "api-key-file", "config"):
        assert f"--{flag}" in done.stdout
    assert not {"aiohttp", "psutil", "asyncio"} & set(done.stderr.split())


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_end_well(argument: str) -> None:
    assert run(argument).returncode == 0
