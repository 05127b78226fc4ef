"""The demo as a program: what it says, what it keeps, and that nothing of it is left."""

import shutil
import signal
import socket
from pathlib import Path

import psutil
import pytest

from chatops_tui.client.connect import open_hub
from chatops_tui.client.session_memory import SessionMemory
from tests.deadlines import eventually_sync
from tests.e2e.demo_process import START_WITHIN_S, is_alive, running, start


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the first start in `used` has said; it has ended."""
    with running(tmp_path_factory.mktemp("first") / "demo") as demo:
        demo.stop()
        return {**demo.facts, "folder": str(demo.folder)}


@pytest.fixture
def used(first_start: dict[str, str], tmp_path: Path) -> Path:
    """The folder of a demo that has run before, for this test alone."""
    return shutil.copytree(first_start["folder"], tmp_path / "demo")


def test_it_says_one_line_and_ends_with_all_it_started(tmp_path: Path) -> None:
    with running(tmp_path / "demo") as demo:
        assert set(demo.facts) == {"url", "username", "password", "server_id"}
        assert demo.facts["username"] == "admin"
        assert len(demo.family) >= 2
        assert demo.stop() == 0
        demo.all_gone()
        assert demo.process.stdout is not None
        assert demo.process.stdout.read() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_ways_to_end_it_are_as_clean(used: Path, number: int) -> None:
    with running(used) as demo:
        assert demo.stop(number) == 0
        demo.all_gone()


def test_even_kill_9_leaves_nothing(used: Path) -> None:
    with running(used) as demo:
        demo.stop(signal.SIGKILL)
        demo.all_gone()


def test_a_second_start_finds_everything_again(used: Path, first_start: dict[str, str]) -> None:
    with running(used) as second:
        same = ("username", "password", "server_id")
        assert [second.facts[name] for name in same] == [first_start[name] for name in same]


async def test_a_server_that_was_deleted_is_made_again(used: Path) -> None:
    with running(used) as demo:
        async with open_hub(demo.facts["url"], SessionMemory()) as hub:
            await hub.session.login(demo.facts["username"], demo.facts["password"])
            await hub.rest.delete_server(demo.facts["server_id"])
        demo.stop()
    with running(used) as again:
        assert again.facts["server_id"] != demo.facts["server_id"]


def test_a_server_that_was_not_noted_is_found(used: Path, first_start: dict[str, str]) -> None:
    """As when the first start was killed at the wrong moment."""
    (used / "server-id").unlink()
    with running(used) as demo:
        assert demo.facts["server_id"] == first_start["server_id"]


def test_a_key_that_is_no_longer_good_is_replaced(used: Path, first_start: dict[str, str]) -> None:
    (used / "agent-key").write_text("chops_nonsense\n")
    with running(used) as demo:
        assert demo.facts["server_id"] == first_start["server_id"]


def test_two_demos_do_not_share_a_folder(used: Path) -> None:
    with running(used):
        second = start(used)
        out, err = second.communicate(timeout=START_WITHIN_S)

    assert (second.returncode, out) == (1, "")
    assert err.startswith("chatops: a demo is already running in ")
    assert err.count("\n") == 1


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = start(tmp_path / "demo", "--port", str(port))
        out, err = demo.communicate(timeout=START_WITHIN_S)

    assert (demo.returncode, out) == (1, "")
    assert err == f"chatops: --port {port} cannot be used: address already in use\n"


def test_a_forgotten_password_says_what_to_do(used: Path) -> None:
    (used / "admin-password").unlink()
    demo = start(used, "--port", "0")
    out, err = demo.communicate(timeout=START_WITHIN_S)

    assert (demo.returncode, out) == (1, "")
    assert "no longer knows the admin's password; remove the folder to begin anew" in err


def test_a_hub_that_cannot_start_leaves_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "hub").write_text("not a folder")
    demo = start(tmp_path / "demo", "--port", "0")
    out, err = demo.communicate(timeout=START_WITHIN_S)

    assert (demo.returncode, out) == (1, "")
    assert err.startswith("chatops: the hub ended with status ")
    assert err.count("\n") > 1
    assert "Traceback" not in err


@pytest.mark.parametrize("module", ["chatops_server", "chatops_agent"])
def test_a_program_that_dies_ends_the_demo(used: Path, module: str) -> None:
    with running(used) as demo:
        victim = next(one for one in demo.family if module in one.cmdline())
        victim.kill()
        assert demo.process.wait(timeout=START_WITHIN_S) == 1
        demo.all_gone()
        assert demo.process.stderr is not None
        assert "ended with status -9; its last lines:" in demo.process.stderr.read()


def test_ending_it_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    demo = start(tmp_path / "demo", "--port", "0")
    process = psutil.Process(demo.pid)
    family = eventually_sync(process.children)
    demo.terminate()
    demo.communicate(timeout=START_WITHIN_S)

    assert demo.returncode == 0
    eventually_sync(lambda: not any(is_alive(one) for one in family))
