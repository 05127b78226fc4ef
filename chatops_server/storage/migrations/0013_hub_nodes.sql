-- Which of several hubs sees to a command or relays a terminal. One on SQLite is alone and leaves it out.
ALTER TABLE commands ADD COLUMN node_id TEXT;
ALTER TABLE terminals ADD COLUMN node_id TEXT;
