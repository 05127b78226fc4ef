"""What is fuzzed, by bench.fuzz for long and by the suite for short: each takes any bytes and raises nothing.

A target catches the one error its function documents; whatever else comes out is a finding. Each also
checks what the function promises of a result.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

Run = Callable[[bytes], None]

# What must never reach a terminal: controls but line breaks and tabs, C1, and marks that turn text round.
_UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Target:
    """One function that reads foreign bytes."""

    name: str
    modules: tuple[str, ...]
    """What is measured for coverage."""
    ready: Callable[[], Run]
    """Imports what is needed and returns what takes one input."""


def _frames() -> Run:
    from chatops_wire import codec  # noqa: PLC0415 - after atheris has wrapped imports

    decoders = (codec.from_agent(), codec.to_agent(), codec.from_client(), codec.to_client())

    def run(given: bytes) -> None:
        for decoder in decoders:
            try:
                message = decoder.decode(given)
            except codec.MalformedFrameError:
                continue
            if not isinstance(message, codec.UnknownMessage):
                codec.encode(message)

    return run


def _chunks() -> Run:
    from chatops_server.domain import chunks  # noqa: PLC0415 - likewise

    def run(given: bytes) -> None:
        try:
            chunks.decode(given, range(min(chunks.width(given), 64)))
        except chunks.DamagedChunkError:
            return

    return run


def _segments() -> Run:
    from chatops_agent import segments  # noqa: PLC0415 - likewise

    def run(given: bytes) -> None:
        found = segments.scan(given, "00" * segments.EPOCH_BYTES)
        seqs = [seq for seq, _body in found.records]
        if seqs != sorted(set(seqs)):
            raise AssertionError("records do not ascend")
        segments.decode_state(given)

    return run


def _sanitiser() -> Run:
    from chatops_tui.render.output_lines import OutputLines  # noqa: PLC0415 - likewise
    from chatops_tui.render.text import clean  # noqa: PLC0415 - likewise

    def run(given: bytes) -> None:
        text = given.decode(errors="replace")
        cleaned = clean(text)
        if _UNSAFE.search(cleaned) or "\n" in cleaned or "\t" in cleaned or clean(cleaned) != cleaned:
            raise AssertionError(f"not made harmless: {cleaned!r}")
        lines = OutputLines()
        for line in (*lines.feed(given), *lines.finish()):
            if _UNSAFE.search(line.text):
                raise AssertionError(f"not made harmless: {line.text!r}")

    return run


def _selectors() -> Run:
    from chatops_server.domain import selectors  # noqa: PLC0415 - likewise
    from chatops_wire import keys, metrics  # noqa: PLC0415 - likewise

    server = selectors.Candidate("srv_1", "web-1", ("web",), "online")

    def run(given: bytes) -> None:
        text = given.decode(errors="replace")
        with suppress(selectors.SelectorError):
            selectors.parse(text).matches(server)
        with suppress(metrics.UnknownMetricError):
            if metrics.parse(text).text != text:
                raise AssertionError("a metric is not named as it was written")
        keys.parse(text)

    return run


TARGETS: Final = {
    target.name: target
    for target in (
        Target("frames", ("chatops_wire.codec",), _frames),
        Target("chunks", ("chatops_server.domain.chunks", "chatops_server.domain.columns"), _chunks),
        Target("segments", ("chatops_agent.segments",), _segments),
        Target("sanitiser", ("chatops_tui.render.text", "chatops_tui.render.ansi"), _sanitiser),
        Target("selectors", ("chatops_server.domain.selectors", "chatops_wire.metrics"), _selectors),
    )
}
