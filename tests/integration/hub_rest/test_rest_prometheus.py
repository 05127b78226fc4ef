"""/metrics for Prometheus: who may read it, and that it says what happened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chatops_server.broker.counters import Peer
from tests.integration.hub_rest.conftest import Asker, opened
from tests.markdown import code, rows, section
from tests.project import ROOT

Read = dict[tuple[str, tuple[str, ...]], float]


async def _read(asker: Asker, token: str | None = "") -> Read:
    """Return every value by name and label values, labels by name."""
    answer = await asker.ask("GET", "/metrics", token=token)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.body)
        for sample in family.samples
    }


@pytest.fixture
async def public(tmp_path: Path) -> AsyncIterator[Asker]:
    async with opened(tmp_path, metrics_public=True) as asker:
        yield asker


async def test_without_a_token_it_is_refused(asker: Asker) -> None:
    answer = await asker.ask("GET", "/metrics", token=None)
    assert (answer.status, answer.code) == (401, "unauthorized")


async def test_a_hub_that_is_told_so_shows_it_to_anybody(public: Asker) -> None:
    server_id = await public.server("web-1")
    assert ("chatops_server_up", ("web-1", server_id)) in await _read(public, token=None)


async def test_what_happened_is_counted(asker: Asker) -> None:
    await asker.get("/servers/none")
    await asker.ask("GET", "/nowhere")
    await asker.post("/servers", {"name": "web-1"}, token=None)
    counters = asker.running.live.counters
    counters.unknown(Peer.AGENT, 'holo"gram\n')
    counters.malformed[Peer.CLIENT] += 2
    read = await _read(asker)
    assert read["chatops_hub_http_problems_total", ("not_found",)] == 2
    assert read["chatops_hub_http_problems_total", ("unauthorized",)] == 1
    assert read["chatops_hub_frames_ignored_total", ("agent", 'holo"gram\n')] == 1
    assert read["chatops_hub_connections_ended_total", ("client", "malformed")] == 2
    # One at least: the login of the asker.
    assert read["chatops_hub_commit_seconds_count", ()] >= 1
    assert (
        read["chatops_hub_commit_seconds_bucket", ("+Inf",)] == read["chatops_hub_commit_seconds_count", ()]
    )
    assert read["process_resident_memory_bytes", ()] > 10_000_000


async def test_servers_are_those_one_may_see(asker: Asker) -> None:
    _, ann = await asker.user("ann", "operator")
    _, bob = await asker.user("bob", "viewer")
    await asker.server("web-1", token=ann)
    await asker.server("web-2")

    async def names(token: str) -> set[str]:
        return {labels[0] for name, labels in await _read(asker, token) if name == "chatops_server_up"}

    assert (await names(ann), await names(bob)) == ({"web-1"}, set())
    assert await names("") == {"web-1", "web-2"}


async def test_the_operations_page_lists_all_of_it(asker: Asker) -> None:
    text = (await asker.ask("GET", "/metrics")).body
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
        if not family.name.startswith("process_")
    }
    page = section((ROOT / "docs" / "operations.md").read_text(), "## Watch the hub itself")
    listed = {code(row[0]).partition("{")[0] for row in rows(page)}
    assert listed == told
