-- Hours that are over, as compressed columns (domain/chunks.py): the samples one by one (tier 0), and rollups
-- of them. Of deleted servers too, until retention finds them: no references.

CREATE TABLE chunk (
    id         INTEGER PRIMARY KEY,
    server_num INTEGER NOT NULL,
    group_id   INTEGER NOT NULL, -- 0 for the machine itself, else of metric_group
    tier       INTEGER NOT NULL,
    t0         BIGINT NOT NULL,
    row_count  INTEGER NOT NULL,
    body       BLOB NOT NULL,
    UNIQUE (server_num, group_id, tier, t0)
);
CREATE INDEX chunk_age ON chunk (tier, t0);

-- None while samples may still be added; else every server up to this number is in chunks.
ALTER TABLE hot_table ADD COLUMN sealed_num INTEGER;
