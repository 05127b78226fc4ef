"""The engine of containers on this machine, Docker's or podman's: finding it, asking it, following it."""
