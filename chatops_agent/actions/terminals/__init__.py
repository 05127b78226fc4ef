"""Terminals: login shells, their screens and their viewers."""
