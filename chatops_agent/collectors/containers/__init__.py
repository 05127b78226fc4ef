"""Containers: which there are, told by their engine, and what they use, read off their control groups."""
