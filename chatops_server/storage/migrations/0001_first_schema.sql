-- Times are integer Unix milliseconds; flags are 0 or 1; lists and records are JSON text.
-- The hourly tables of samples are made on demand (storage/sql/hot.py) and listed in hot_table.

CREATE TABLE users (
    id            TEXT PRIMARY KEY NOT NULL,
    username      TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    token_version INTEGER NOT NULL DEFAULT 0,
    created_ms    BIGINT NOT NULL
);
-- Ann and ann are one person.
CREATE UNIQUE INDEX users_username ON users (lower(username));

CREATE TABLE refresh_tokens (
    id             TEXT PRIMARY KEY NOT NULL, -- SHA-256 of the token's text, hex
    family         TEXT NOT NULL,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_ms     BIGINT NOT NULL,
    expires_ms     BIGINT NOT NULL,
    family_ends_ms BIGINT NOT NULL,
    used_ms        BIGINT,
    successor      TEXT
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_ms);

-- AUTOINCREMENT: a number is never given again, so rows of a deleted server are never somebody else's.
CREATE TABLE servers (
    num          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL UNIQUE,
    tags         TEXT NOT NULL DEFAULT '[]',
    owner_id     TEXT NOT NULL REFERENCES users (id),
    created_ms   BIGINT NOT NULL,
    last_seen_ms BIGINT,
    host         TEXT,
    capabilities TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX servers_owner ON servers (owner_id);

-- The newest sample as it came; written now and then and at the end of a session, not per sample.
CREATE TABLE latest (
    server_num INTEGER PRIMARY KEY NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    ts_ms      BIGINT NOT NULL,
    body       BLOB NOT NULL
);

CREATE TABLE grants (
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator')),
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (server_num, user_id)
);
CREATE INDEX grants_user ON grants (user_id);

CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY NOT NULL,
    server_num   INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    name         TEXT NOT NULL DEFAULT '',
    secret_hash  TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    created_ms   BIGINT NOT NULL,
    last_used_ms BIGINT,
    revoked_ms   BIGINT
);
CREATE INDEX api_keys_server ON api_keys (server_num);

-- The newest stored sequence of each epoch; changes in the transaction that stores the samples.
CREATE TABLE ingest_cursor (
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (server_num, epoch)
);

-- Sequences an agent declared lost, both ends included.
CREATE TABLE gap (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    from_seq   BIGINT NOT NULL,
    to_seq     BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    ts_ms      BIGINT NOT NULL
);
CREATE INDEX gap_server ON gap (server_num, ts_ms);

-- What a sample has several of: one row a disk, interface, sensor or container of a server.
CREATE TABLE metric_group (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    label      TEXT NOT NULL,
    used_ms    BIGINT NOT NULL, -- to the hour
    UNIQUE (server_num, kind, label)
);
CREATE INDEX metric_group_used ON metric_group (used_ms);

-- The hourly tables. Late samples stand in the hour that received them, so each knows its samples' own times.
CREATE TABLE hot_table (
    name         TEXT PRIMARY KEY NOT NULL,
    hour_ms      BIGINT NOT NULL,
    cols_version INTEGER NOT NULL,
    min_ts       BIGINT NOT NULL,
    max_ts       BIGINT NOT NULL
);

-- Of deleted servers and users too: no references.
CREATE TABLE events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms     BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    server_id TEXT,
    user_id   TEXT,
    message   TEXT NOT NULL,
    data      TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX events_ts ON events (ts_ms);
CREATE INDEX events_server ON events (server_id, id);
CREATE INDEX events_kind ON events (kind, id);

CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms     BIGINT NOT NULL,
    user_id   TEXT,
    action    TEXT NOT NULL,
    target    TEXT,
    server_id TEXT,
    result    TEXT NOT NULL,
    address   TEXT,
    data      TEXT NOT NULL DEFAULT '{}',
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL
);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
