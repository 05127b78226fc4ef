"""What became of the samples that came since the hub began."""

from dataclasses import dataclass


@dataclass(slots=True)
class IngestCounts:
    """Written by the sessions of ingest, read by whoever shows it. Counts only grow until the hub ends."""

    received: int = 0
    """Samples with a sequence, once for each time one came."""
    stored: int = 0
    """On disk."""
    duplicates: int = 0
    """Accepted before, and sent again."""
    refused: int = 0
    """Behind a hole in the sequence."""
    gaps: int = 0
    """Declared by agents: what they lost."""
    acks: int = 0
    """Given after a commit, or in answer to what was not accepted; several may travel as one frame."""
