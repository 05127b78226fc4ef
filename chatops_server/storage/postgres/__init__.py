"""The storage engine on PostgreSQL, for many hubs on one database."""
