"""Frames to messages and back. One decoder a direction; unknown types and fields are not errors."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from chatops_wire import agent, bounds, client, foreign_containers

M = TypeVar("M")
Mend = Callable[[object], object]


class MalformedFrameError(ValueError):
    """The frame is no JSON object of the protocol; the text says where."""


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A well-formed message of a type this version does not know: ignored and counted."""

    type: str


class _Tag(msgspec.Struct, frozen=True):
    type: str


class FrameDecoder(Generic[M]):
    """Decodes the messages of one direction."""

    def __init__(self, union: Any, menders: Sequence[Mend] = ()) -> None:  # noqa: ANN401 - a union is no type[M] to mypy
        """Take the messages of one direction, and what mends those that are not of it, one after another."""
        self._union: msgspec.json.Decoder[M] = msgspec.json.Decoder(union)
        self._convert = partial(msgspec.convert, type=union)
        self._menders = menders
        self._tag = msgspec.json.Decoder(_Tag)
        self._known = _tags(union)

    def decode(self, frame: str | bytes) -> M | UnknownMessage:
        """Return the message.

        Raises:
            MalformedFrameError: Not JSON, not an object with a text `type`, or a known type whose
                fields are missing or of the wrong kind.
        """
        try:
            return self._union.decode(frame)
        except msgspec.ValidationError as exc:
            return self._second_look(frame, exc)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
            raise MalformedFrameError(str(exc)) from exc

    def _second_look(self, frame: str | bytes, error: msgspec.ValidationError) -> M | UnknownMessage:
        # Only on the error path, so that the common frame is decoded once.
        unknown = self._unknown(frame)
        if unknown is not None:
            return unknown
        with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
            said: object = msgspec.json.decode(frame) if self._menders else None
            for mend in self._menders:
                said = mend(said)
                with suppress(msgspec.ValidationError):
                    message: M = self._convert(said)
                    return message
        raise MalformedFrameError(str(error)) from error

    def _unknown(self, frame: str | bytes) -> UnknownMessage | None:
        try:
            tag = self._tag.decode(frame).type
        except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
            raise MalformedFrameError(str(exc)) from exc
        return None if tag in self._known else UnknownMessage(tag)


def _tags(union: Any) -> frozenset[str]:  # noqa: ANN401 - as above
    return frozenset(str(member.__struct_config__.tag) for member in union.__args__)


def from_agent(cut: Callable[[int], None] | None = None) -> FrameDecoder[agent.FromAgent]:
    """Return a decoder for what agents send; `cut` is told how many values were brought within bounds."""

    def within_bounds(message: object) -> object:
        kept, count = _clamp(message)
        if count and cut:
            cut(count)
        return kept

    return FrameDecoder(agent.FromAgent, (within_bounds, foreign_containers.with_understood))


def to_agent() -> FrameDecoder[agent.ToAgent]:
    """Return a decoder for what the hub sends to agents."""
    return FrameDecoder(agent.ToAgent)


def from_client() -> FrameDecoder[client.FromClient]:
    """Return a decoder for what clients send."""
    return FrameDecoder(client.FromClient)


def to_client() -> FrameDecoder[client.ToClient]:
    """Return a decoder for what the hub sends to clients."""
    return FrameDecoder(client.ToClient)


_clamp = bounds.clamp_of(agent.FromAgent)
_encoder = msgspec.json.Encoder()


def encode(message: msgspec.Struct) -> bytes:
    """Return the frame of one message, UTF-8."""
    return _encoder.encode(message)
