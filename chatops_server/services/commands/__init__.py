"""Commands on servers: ordered, followed, kept and told (docs/protocol.md, "Commands")."""
