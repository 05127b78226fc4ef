"""The embedded engine: one writer thread, read-only connections for everything else."""
