"""The daemon on a monitored machine: samples it, keeps what the hub has not stored yet, and sends it."""
