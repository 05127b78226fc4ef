-- Alerts, what makes them, what covers them, and who is told. Bodies are JSON of our own types.

CREATE TABLE thresholds (
    num        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    owner_id   TEXT, -- none: the hub's own, of its first start
    server_num INTEGER REFERENCES servers (num) ON DELETE CASCADE, -- none: all that the owner may manage
    body       TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);

CREATE TABLE alerts (
    num          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    server_num   INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    threshold_id TEXT NOT NULL, -- of deleted ones too: no reference
    status       TEXT NOT NULL CHECK (status IN ('pending', 'firing', 'acknowledged', 'resolved')),
    is_remembered INTEGER NOT NULL CHECK (is_remembered IN (0, 1)), -- open, or closed by hand while it lasts
    started_ms   BIGINT NOT NULL,
    updated_ms   BIGINT NOT NULL,
    body         TEXT NOT NULL
);
CREATE INDEX alerts_server ON alerts (server_num, num);
CREATE INDEX alerts_status ON alerts (status, num);
CREATE INDEX alerts_updated ON alerts (updated_ms);
-- One open alert a threshold and server, also if two writers should ever disagree.
CREATE UNIQUE INDEX alerts_open ON alerts (threshold_id, server_num) WHERE is_remembered = 1;

CREATE TABLE silences (
    num        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    owner_id   TEXT,
    server_num INTEGER REFERENCES servers (num) ON DELETE CASCADE,
    starts_ms  BIGINT NOT NULL,
    ends_ms    BIGINT NOT NULL,
    body       TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX silences_ends ON silences (ends_ms);

CREATE TABLE channels (
    num               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    sealed            TEXT NOT NULL, -- address and signing secret; the key is not in the database
    body              TEXT NOT NULL,
    created_ms        BIGINT NOT NULL,
    last_delivered_ms BIGINT,
    last_error        TEXT
);

CREATE TABLE notifications (
    num          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    channel_id   TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    alert_id     TEXT NOT NULL,
    event        TEXT NOT NULL,
    gathers      INTEGER NOT NULL CHECK (gathers IN (0, 1)), -- waits for others of its kind
    status       TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'given_up')),
    created_ms   BIGINT NOT NULL,
    due_ms       BIGINT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    delivered_ms BIGINT,
    body         TEXT NOT NULL
);
CREATE INDEX notifications_waiting ON notifications (channel_id, num) WHERE status = 'waiting';
CREATE INDEX notifications_created ON notifications (created_ms);

-- What a hub does once in its life.
CREATE TABLE hub_marks (
    name TEXT PRIMARY KEY NOT NULL
);
