"""Terminals on servers, relayed between clients and agents (docs/protocol.md, "Terminals")."""
