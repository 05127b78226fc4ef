-- Hours that are over, as compressed columns (domain/chunks.py): the samples one by one (tier 0), and rollups
-- of them. Of deleted servers too, until retention finds them: no references. Each tier in ranges of its own
-- (storage/postgres/partitions.py), so that what is past its time is dropped and not deleted.

CREATE TABLE chunk (
    server_num BIGINT NOT NULL,
    group_id   BIGINT NOT NULL, -- 0 for the machine itself, else of metric_group
    tier       BIGINT NOT NULL,
    t0         BIGINT NOT NULL,
    row_count  BIGINT NOT NULL,
    body       BYTEA NOT NULL, -- compressed already
    PRIMARY KEY (server_num, group_id, tier, t0)
) PARTITION BY LIST (tier);
ALTER TABLE chunk ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE chunk_0 PARTITION OF chunk FOR VALUES IN (0) PARTITION BY RANGE (t0);
CREATE TABLE chunk_1 PARTITION OF chunk FOR VALUES IN (1) PARTITION BY RANGE (t0);
CREATE TABLE chunk_2 PARTITION OF chunk FOR VALUES IN (2) PARTITION BY RANGE (t0);
CREATE TABLE chunk_3 PARTITION OF chunk FOR VALUES IN (3) PARTITION BY RANGE (t0);
CREATE TABLE chunk_0_other PARTITION OF chunk_0 DEFAULT;
CREATE TABLE chunk_1_other PARTITION OF chunk_1 DEFAULT;
CREATE TABLE chunk_2_other PARTITION OF chunk_2 DEFAULT;
CREATE TABLE chunk_3_other PARTITION OF chunk_3 DEFAULT;

-- None while samples may still be added; else every server up to this number is in chunks.
ALTER TABLE hot_table ADD COLUMN sealed_num BIGINT;
