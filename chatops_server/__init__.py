"""The hub: stores what agents send, answers clients, and decides nothing about a machine for itself."""
