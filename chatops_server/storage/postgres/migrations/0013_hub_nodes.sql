-- Which of several hubs sees to a command or relays a terminal.
ALTER TABLE commands ADD COLUMN node_id TEXT COLLATE "C";
ALTER TABLE terminals ADD COLUMN node_id TEXT COLLATE "C";

-- Hubs that run; one that has not said so for a while is taken out by the others.
CREATE TABLE hub_nodes (
    id      TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    seen_ms BIGINT NOT NULL -- by the database's clock
);

-- Which hub holds a server's agent: as long as its row above is there. Epochs are handed out and committed in one
-- order, since writing scripts of all hubs run one after the other: who has seen one has seen all before it.
CREATE SEQUENCE agent_epoch;
CREATE TABLE agent_leases (
    server_num BIGINT PRIMARY KEY NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    node_id    TEXT COLLATE "C", -- none: no agent is connected
    epoch      BIGINT NOT NULL
);
CREATE INDEX agent_leases_epoch ON agent_leases (epoch);
