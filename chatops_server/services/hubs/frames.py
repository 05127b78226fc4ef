"""Frames of agents on their way between two hubs, and what of a frame says where it belongs."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

# Small enough that a keystroke does not wait long behind output; a larger frame goes by itself.
BATCH_BYTES: Final = 256 * 1024
KEEP_ALIVE: Final = b""
"""No frames: is the other side still there?"""

_encoder = msgspec.msgpack.Encoder()
_frames = msgspec.msgpack.Decoder(list[bytes])


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """What a hub asks the one that holds an agent: let me speak to it."""

    link: str
    """Names the subjects of this conversation; nobody can guess it."""
    node_id: str
    """Who asks."""
    server_id: str
    epoch: int
    """Of the lease; another one means that the agent has come anew, or is elsewhere."""


class Named(msgspec.Struct, frozen=True):
    """What a frame is and which request it belongs to; everything else is passed over."""

    type: str
    command_id: str = ""
    terminal_id: str = ""
    stream_id: str = ""
    request_id: str = ""

    @property
    def request(self) -> str:
        """Return the request's id; empty where the frame belongs to none."""
        return self.command_id or self.terminal_id or self.stream_id or self.request_id


_wanted = msgspec.msgpack.Decoder(Wanted)
_named = msgspec.json.Decoder(Named)


def ask_subject(node_id: str) -> str:
    """Return where a hub is asked for its agents."""
    return f"hub.{node_id}.agent"


def down_subject(link: str) -> str:
    """Return where frames go to the agent."""
    return f"link.{link}.down"


def up_subject(link: str) -> str:
    """Return where frames come from the agent."""
    return f"link.{link}.up"


def packed(message: msgspec.Struct | Sequence[bytes]) -> bytes:
    """Return a message, or frames in their order, for the bus."""
    return _encoder.encode(message)


def frames_of(payload: bytes) -> list[bytes]:
    """Return the frames of a payload; raises msgspec.MsgspecError where it is none of ours."""
    return _frames.decode(payload) if payload else []


def wanted_of(payload: bytes) -> Wanted:
    """Return a question; raises msgspec.MsgspecError where it is none of ours."""
    return _wanted.decode(payload)


def named(frame: bytes) -> Named:
    """Return what a frame is; raises msgspec.MsgspecError where it is no message."""
    return _named.decode(frame)


def batches(frames: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield frames in their order, in pieces of about BATCH_BYTES at most."""
    batch: list[bytes] = []
    size = 0
    for frame in frames:
        if batch and size + len(frame) > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(frame)
        size += len(frame)
    if batch:
        yield batch
