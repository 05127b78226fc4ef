-- Commands that were run, with what of their output is kept; and terminals that were opened.

CREATE TABLE commands (
    num           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    server_num    INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    user_id       TEXT,
    batch_id      TEXT,
    command       TEXT NOT NULL,
    argv          TEXT NOT NULL DEFAULT '[]',
    cwd           TEXT,
    timeout_s     DOUBLE PRECISION NOT NULL,
    status        TEXT NOT NULL,
    exit_code     INTEGER,
    signal        INTEGER,
    code          TEXT,
    message       TEXT NOT NULL DEFAULT '',
    output_bytes  BIGINT NOT NULL DEFAULT 0,
    truncated     INTEGER NOT NULL DEFAULT 0 CHECK (truncated IN (0, 1)),
    duration_ms   BIGINT,
    created_ms    BIGINT NOT NULL,
    started_ms    BIGINT, -- when it was sent; none while it waits its turn in a batch
    finished_ms   BIGINT,
    preview       TEXT NOT NULL DEFAULT '', -- how its output begins
    output_sha256 TEXT
);
CREATE INDEX commands_server ON commands (server_num, num);
CREATE INDEX commands_batch ON commands (batch_id, num) WHERE batch_id IS NOT NULL;
CREATE INDEX commands_running ON commands (num) WHERE status = 'running';
CREATE INDEX commands_created ON commands (created_ms);

-- Pieces of at most half a MiB or so before compression, in order; what lies between head and tail is not kept.
CREATE TABLE command_output (
    command_num INTEGER NOT NULL REFERENCES commands (num) ON DELETE CASCADE,
    part        INTEGER NOT NULL,
    first_seq   BIGINT NOT NULL,
    last_seq    BIGINT NOT NULL,
    raw_bytes   BIGINT NOT NULL,
    body        BLOB NOT NULL,
    PRIMARY KEY (command_num, part)
);

CREATE TABLE terminals (
    num            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    server_num     INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    user_id        TEXT,
    opened_ms      BIGINT NOT NULL,
    closed_ms      BIGINT,
    reason         TEXT NOT NULL DEFAULT '',
    recorded_bytes BIGINT -- none without a recording
);
CREATE INDEX terminals_server ON terminals (server_num, num);
CREATE INDEX terminals_opened ON terminals (opened_ms);
