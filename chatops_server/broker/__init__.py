"""Who is here: live sessions, the fleet in memory, topics. No sockets, no storage."""
