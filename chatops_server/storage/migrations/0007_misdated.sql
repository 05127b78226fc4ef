-- Samples whose own time lay too far in the future (domain/clocks.py): stored by their arrival, and marked here.
-- One row for those that came after each other, both ends included.

CREATE TABLE misdated (
    id         INTEGER PRIMARY KEY,
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    from_seq   BIGINT NOT NULL,
    to_seq     BIGINT NOT NULL,
    first_ms   BIGINT NOT NULL, -- by the hub's clock
    last_ms    BIGINT NOT NULL,
    ahead_ms   BIGINT NOT NULL -- of the last of them
);
CREATE INDEX misdated_server ON misdated (server_num, last_ms);
