"""The fixture `docker_engine`: a real engine of the tests' own, one for a whole run, or a skip."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bench.docker_engine import IMAGE, DockerEngine, EngineUnavailableError, obstacle

__all__ = ("IMAGE", "DockerEngine")


@pytest.fixture(scope="session")
def _docker_engine_of_the_run() -> Iterator[DockerEngine]:
    reason = obstacle()
    if reason:
        pytest.skip(reason)
    # Not pytest's own folder: the path of a socket has 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="cte"))
    engine = DockerEngine(folder)
    try:
        try:
            engine.start()
            engine.import_image()
        except (EngineUnavailableError, OSError) as exc:
            pytest.skip(f"no engine of the tests' own: {exc}")
        yield engine
        engine.clear()
    finally:
        engine.stop()
        with suppress(OSError):
            shutil.rmtree(folder)


@pytest.fixture
def docker_engine(_docker_engine_of_the_run: DockerEngine) -> Iterator[DockerEngine]:
    """An engine without containers, before and after the test; its image is IMAGE."""
    yield _docker_engine_of_the_run
    _docker_engine_of_the_run.clear()
