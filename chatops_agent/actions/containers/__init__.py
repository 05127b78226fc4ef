"""Containers and what belongs to their engine: what is read of them, and what may be changed."""
