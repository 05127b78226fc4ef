"""Benchmarks: `make bench` runs them all; each runs alone by `python -m bench.NAME`."""
