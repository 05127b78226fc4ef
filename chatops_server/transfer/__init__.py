"""A hub's whole database from SQLite to PostgreSQL and back: moves, backups and restores."""
