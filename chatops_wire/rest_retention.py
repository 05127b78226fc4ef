"""How long a hub keeps what it stores (`/settings/retention`)."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

Days = Annotated[int, Meta(ge=1, le=3650)]
HoursDays = Annotated[int, Meta(ge=1, le=36500)]
OutputMb = Annotated[int, Meta(ge=16, le=1_000_000)]


class RetentionTerms(Struct, frozen=True, kw_only=True):
    """Days, but `output_mb`: megabytes of commands' output, compressed."""

    raw_days: int
    minutes_days: int
    ten_minutes_days: int
    hours_days: int
    commands_days: int
    output_mb: int
    events_days: int


class RetentionView(RetentionTerms, frozen=True, kw_only=True):
    """What holds now; `flags` is what the hub was started with, `set` names what stands in its place."""

    flags: RetentionTerms
    set: tuple[str, ...]


class RetentionPatch(Struct, frozen=True, kw_only=True):
    """What is to hold from now on. Null: what the hub's flag says; left out: as it is."""

    raw_days: Days | UnsetType | None = UNSET
    minutes_days: Days | UnsetType | None = UNSET
    ten_minutes_days: Days | UnsetType | None = UNSET
    hours_days: HoursDays | UnsetType | None = UNSET
    commands_days: Days | UnsetType | None = UNSET
    output_mb: OutputMb | UnsetType | None = UNSET
    events_days: Days | UnsetType | None = UNSET

    def changes(self) -> dict[str, int | None]:
        """Return what is to be changed, by name."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in given.items() if value is not UNSET}
