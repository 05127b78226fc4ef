"""How an agent gets its next API key over the connection it already has (docs/keys.md, "Rotation")."""

from typing import Annotated

from msgspec import Meta, Struct

from chatops_wire.quantities import Fact

_MAX_KEY = 512


class KeyOffer(Struct, frozen=True, kw_only=True, tag_field="type", tag="key_offer"):
    """Hub to agent: keep this key beside the present one, and show that you have it."""

    api_key: Annotated[str, Meta(max_length=_MAX_KEY)]


class KeyStored(Struct, frozen=True, kw_only=True, tag_field="type", tag="key_stored"):
    """Agent to hub: the offered key as it was read back from disk. It is used from now on."""

    api_key: Annotated[str, Meta(max_length=_MAX_KEY)]


class KeyRefused(Struct, frozen=True, kw_only=True, tag_field="type", tag="key_refused"):
    """Agent to hub: the offered key cannot be kept here; the present one stays."""

    reason: Fact


class KeyAccepted(Struct, frozen=True, kw_only=True, tag_field="type", tag="key_accepted"):
    """Hub to agent: the new key is the one; the old one is dead and may be forgotten."""

    prefix: str
