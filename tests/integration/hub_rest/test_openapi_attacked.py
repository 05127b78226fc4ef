"""Schemathesis against a live hub, by its own OpenAPI document, as each role; every check is on."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from chatops_wire.rest import Role
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, Asker

HERE = Path(__file__).parent / "openapi_attack"
# Examples of an operation in the phase that makes them up; the phase before goes through every bound of
# every field of its own accord. More: ARGS of schemathesis, or `python -m bench.fuzz`.
EXAMPLES = {"admin": 4, "operator": 2, "viewer": 2}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ["admin", "operator", "viewer"])
async def test_the_hub_keeps_to_its_own_document(
    asker: Asker, tmp_path: Path, role: Role, caplog: pytest.LogCaptureFixture
) -> None:
    await asker.user("attacker", role)
    await asker.server("web-1")
    url = str(asker.http._base_url).rstrip("/")  # noqa: SLF001 - aiohttp tells it nowhere else
    attack = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{url}/openapi.json", "--checks", "all", "--seed", "1"),
        *("--max-examples", str(EXAMPLES[role])),
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(HERE),
            "SCHEMATHESIS_HOOKS": "attack_login",
            "ATTACK_URL": url,
            "ATTACK_USER": "attacker",
            "ATTACK_PASSWORD": "attacker-password",
            "ATTACK_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "ATTACK_ROLE": role,
            "COLUMNS": "120",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await attack.communicate()
    assert attack.returncode == 0, said.decode()[-20_000:]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
