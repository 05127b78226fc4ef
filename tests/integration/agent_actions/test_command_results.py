import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from chatops_agent.actions.processes.account import own_account
from chatops_agent.policy import Policy
from chatops_wire.commands import CommandResponse
from tests.integration.agent_actions.hub_side import HubSide, hub_side
from tests.integration.agent_actions.processes import gone


@pytest.mark.parametrize(("code", "status"), [(0, "succeeded"), (1, "failed"), (255, "failed")])
async def test_an_exit_code_is_told(hub: HubSide, code: int, status: str) -> None:
    result = await hub.finished(f"exit {code}")
    assert (status, code, None) == (result.status, result.exit_code, result.signal)


async def test_a_signal_is_told_instead_of_a_code(hub: HubSide) -> None:
    result = await hub.finished("ulimit -c 0; kill -SEGV $$")
    assert (result.status, result.exit_code, result.signal) == ("failed", None, signal.SIGSEGV)


async def test_a_nested_shell_tells_a_signal_as_its_own_code(hub: HubSide) -> None:
    result = await hub.finished("sh -c 'kill -KILL $$'; exit $?")
    assert (result.exit_code, result.signal) == (137, None)


async def test_a_program_missing_in_a_shell_is_the_shell_s_to_tell(hub: HubSide) -> None:
    command_id = hub.run("no-such-program-anywhere")
    assert (await hub.result(command_id)).exit_code == 127
    assert b"not found" in hub.output(command_id, "stderr")


async def test_arguments_are_passed_as_they_stand(hub: HubSide) -> None:
    command_id = hub.run(argv=("printf", "%s|", "a b", "$HOME", "", "*"))
    assert (await hub.result(command_id)).status == "succeeded"
    assert hub.output(command_id) == b"a b|$HOME||*|"


@pytest.mark.parametrize("program", ["no-such-program-anywhere", "/no/such/program", "", "./here"])
async def test_a_missing_program_is_127(hub: HubSide, program: str) -> None:
    result = await hub.finished(argv=(program, "x"))
    assert (result.status, result.exit_code, result.code) == ("failed", 127, None)
    assert "no such program" in result.message


async def test_a_program_without_the_right_to_run_is_126(hub: HubSide, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    for program in (tmp_path / "plain", tmp_path):
        result = await hub.finished(argv=(str(program),))
        assert (result.status, result.exit_code) == ("failed", 126)
        assert "may be run" in result.message


async def test_a_program_the_kernel_does_not_know_is_126(hub: HubSide, tmp_path: Path) -> None:
    program = tmp_path / "noise"
    program.write_bytes(b"\x00\x01\x02")
    program.chmod(0o755)
    result = await hub.finished(argv=(str(program),))
    assert (result.status, result.exit_code) == ("failed", 126)


async def test_a_missing_interpreter_is_named_as_the_cause(hub: HubSide, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    result = await hub.finished(argv=(str(script),))
    assert (result.status, result.exit_code) == ("failed", 127)
    assert "#!" in result.message


async def test_it_runs_in_the_folder_it_was_given(hub: HubSide, tmp_path: Path) -> None:
    command_id = hub.run("pwd -P", cwd=str(tmp_path))
    assert (await hub.result(command_id)).status == "succeeded"
    assert Path(hub.output(command_id).decode().strip()) == tmp_path.resolve()  # noqa: ASYNC240


async def test_a_folder_is_looked_for_from_home(
    hub: HubSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the agent was started is no matter of whoever runs a command.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "only-where-the-agent-is").mkdir()
    result = await hub.finished("true", cwd="only-where-the-agent-is")
    home = (await asyncio.to_thread(own_account)).home
    assert (result.status, result.message) == (
        "refused",
        f"no such folder: '{home.rstrip('/')}/only-where-the-agent-is'",
    )
    command_id = hub.run("pwd -P", cwd="")
    assert (await hub.result(command_id)).status == "succeeded"
    assert hub.output(command_id).decode().strip() == os.path.realpath(home)  # noqa: ASYNC240


async def test_an_unusable_folder_is_not_taken_for_a_missing_program(hub: HubSide, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, said in [("/no/such/folder", "no such folder"), (str(tmp_path / "file"), "not a folder")]:
        result = await hub.finished("true", cwd=folder)
        assert (result.status, result.code, result.exit_code) == ("refused", "invalid_request", None)
        assert said in result.message


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"command": ""}, "empty"),
        ({"command": " \n"}, "empty"),
        ({"command": "echo \0"}, "NUL"),
        ({"argv": ("echo", "\0")}, "NUL"),
        ({"command": "true", "cwd": "/\0"}, "NUL"),
        ({"command": "true", "env": {"A": "\0"}}, "NUL"),
        ({"command": "true", "env": {"A=B": "x"}}, "env"),
        ({"command": "true", "env": {"": "x"}}, "env"),
        ({"command": "true", "timeout_s": 0.0}, "timeout_s"),
        ({"command": "true", "timeout_s": -1.0}, "timeout_s"),
        ({"command": "true", "timeout_s": 86_401.0}, "timeout_s"),
        ({"command": "true", "not_after": "soon"}, "not_after"),
        ({"argv": ("echo", "x" * 200_000)}, "too long"),
        ({"argv": ("echo", "\ud800")}, "encode"),
    ],
)
async def test_an_impossible_order_is_refused_in_words(
    hub: HubSide, order: dict[str, Any], said: str
) -> None:
    result = await hub.finished(**order)
    assert (result.status, result.code) == ("refused", "invalid_request")
    assert said in result.message


async def test_a_command_line_of_a_megabyte_runs(hub: HubSide) -> None:
    command_id = hub.run("true " + "x" * 1_000_000 + "; echo done; read line; echo $line", stdin="typed\n")
    assert (await hub.result(command_id)).status == "succeeded"
    assert hub.output(command_id) == b"done\ntyped\n"


async def test_what_stands_in_stdin_is_read_and_then_its_end(hub: HubSide) -> None:
    command_id = hub.run("cat; echo end", stdin="grüße\n")
    assert (await hub.result(command_id)).status == "succeeded"
    assert hub.output(command_id).decode() == "grüße\nend\n"


async def test_bytes_for_stdin_may_be_more_than_a_pipe_holds(hub: HubSide) -> None:
    command_id = hub.run("sleep 0.1; wc -c", stdin_data=b"\xff\0" * 350_000)
    await hub.result(command_id)
    assert hub.output(command_id).split() == [b"700000"]


async def test_a_program_that_does_not_read_its_stdin_ends_all_the_same(hub: HubSide) -> None:
    assert (await hub.finished("true", stdin_data=bytes(700_000))).status == "succeeded"


async def test_without_stdin_a_prompt_fails_at_once(hub: HubSide) -> None:
    command_id = hub.run("read answer; echo $?")
    await hub.result(command_id)
    assert hub.output(command_id) == b"1\n"


async def test_the_environment_holds_no_secret_of_the_agent(
    hub: HubSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATOPS_API_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LC_TIME", "C")
    command_id = hub.run(argv=("env",), env={"ADDED": "1", "PAGER": "less"})
    await hub.result(command_id)
    env = dict(line.split("=", 1) for line in hub.output(command_id).decode().splitlines())
    assert "secret" not in env.values()
    assert not [name for name in env if name.startswith("CHATOPS")]
    assert {"ADDED": "1", "PAGER": "less", "TERM": "dumb", "LC_TIME": "C"}.items() <= env.items()
    assert {"PATH", "HOME", "USER", "LOGNAME", "SHELL"} <= set(env)


async def test_no_file_of_the_agent_s_is_open_in_a_command(hub: HubSide) -> None:
    command_id = hub.run(argv=("ls", "/proc/self/fd"))
    await hub.result(command_id)
    # The last one is the folder that ls itself reads.
    assert hub.output(command_id).split() == [b"0", b"1", b"2", b"3"]


async def test_a_repeated_id_is_refused_and_the_run_goes_on(hub: HubSide) -> None:
    command_id = hub.run("sleep 1000")
    await hub.started(command_id)
    hub.run("echo twice", command_id=command_id)
    assert (await hub.result(command_id)).code == "duplicate"
    hub.messages.clear()
    hub.cancel(command_id)
    assert (await hub.result(command_id)).status == "cancelled"
    hub.messages.clear()
    hub.run("echo thrice", command_id=command_id)
    assert (await hub.result(command_id)).code == "duplicate"


async def test_an_order_that_comes_too_late_is_refused(hub: HubSide) -> None:
    result = await hub.finished("true", not_after="2020-01-01T00:00:00.000Z")
    assert (result.status, result.code) == ("refused", "expired")
    assert "clock" in result.message
    assert (await hub.finished("true", not_after="2999-01-01T00:00:00Z")).status == "succeeded"


async def test_of_two_hundred_at_once_32_run_and_the_others_are_told_busy(hub: HubSide) -> None:
    ids = [hub.run("sleep 1000") for _ in range(200)]
    refused = [await hub.result(command_id) for command_id in ids[32:]]
    assert {("refused", "busy")} == {(each.status, each.code) for each in refused}
    pids = [await hub.started(command_id) for command_id in ids[:32]]
    for command_id in ids[:32]:
        hub.cancel(command_id)
    assert {"cancelled"} == {(await hub.result(command_id)).status for command_id in ids[:32]}
    await gone(*pids)
    assert (await hub.finished("true")).status == "succeeded"


async def test_without_permission_nothing_runs(tmp_path: Path) -> None:
    async with hub_side(Policy(frozenset({"terminal", "logs"}), ())) as hub:
        command_id = hub.run(f"touch {tmp_path}/ran")
        result = await hub.result(command_id)
    assert (result.status, result.code) == ("refused", "not_allowed")
    assert hub.messages == [result]
    assert not (tmp_path / "ran").exists()


async def test_every_field_of_a_result_is_sent() -> None:
    """An agent's result is read by programs that know the contract only, not our defaults."""
    async with hub_side() as hub:
        hub.reading.clear()
        hub.run("")
        frame = hub.desk.next_frame()
    assert frame is not None
    for name in CommandResponse.__struct_fields__:
        assert f'"{name}":'.encode() in frame
