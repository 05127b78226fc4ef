-- Written by the last program of schema 2.
PRAGMA user_version = 2;
BEGIN TRANSACTION;
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
INSERT INTO "api_keys" VALUES('phcyu6m7de',1,'','0c26135a59f8a8dd4a451af007aa373a6930a3ae43c9f9ac4f786be64de74569','chops_phcyu6m7de',1795524591426,1795524591432,NULL);
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
INSERT INTO "audit" VALUES(1,1795524589818,NULL,'user.create','admin',NULL,'ok',NULL,'{"role":"admin"}','0000000000000000000000000000000000000000000000000000000000000000','76f885819aadcce652a0adfd888b31188e07b35f1759f0d2d161b3f9393e1512');
INSERT INTO "audit" VALUES(2,1795524590734,'usr_a5a46987317d4b5f','login','admin',NULL,'ok','127.0.0.1','{}','76f885819aadcce652a0adfd888b31188e07b35f1759f0d2d161b3f9393e1512','b71c6f823ca281ece1a37eee10df4d5182a3846e73f411b2e1f91291b49dd14f');
INSERT INTO "audit" VALUES(3,1795524591414,'usr_a5a46987317d4b5f','user.create','ann',NULL,'ok','127.0.0.1','{"role":"operator"}','b71c6f823ca281ece1a37eee10df4d5182a3846e73f411b2e1f91291b49dd14f','af2c0bd399b04b7e7feb4134593a42d2bf741acb63419943f06f7c10a0acadaf');
INSERT INTO "audit" VALUES(4,1795524591418,'usr_a5a46987317d4b5f','server.create','web-1','srv_24d3eb5271e8e8ed','ok','127.0.0.1','{}','af2c0bd399b04b7e7feb4134593a42d2bf741acb63419943f06f7c10a0acadaf','16077130dc40f091abf8c49b729eef67c8070e5aef82164a344347198142332a');
INSERT INTO "audit" VALUES(5,1795524591426,'usr_a5a46987317d4b5f','key.create','chops_phcyu6m7de','srv_24d3eb5271e8e8ed','ok','127.0.0.1','{"name":""}','16077130dc40f091abf8c49b729eef67c8070e5aef82164a344347198142332a','b0ed9d686bc3cdbf1f21e1eeccf1954fc4c345dd18232d2a7aedc08a7ecb6fac');
INSERT INTO "audit" VALUES(6,1795524591442,'usr_a5a46987317d4b5f','command.run','cmd_bd87efa2598268da','srv_24d3eb5271e8e8ed','sent','127.0.0.1','{"command":"echo hi","timeout_s":60.0}','b0ed9d686bc3cdbf1f21e1eeccf1954fc4c345dd18232d2a7aedc08a7ecb6fac','c2c151a329d98c8363a758a3e383d499232b063ab52a5c5e64e5914674b84286');
INSERT INTO "audit" VALUES(7,1795524591451,'usr_a5a46987317d4b5f','command.finished','cmd_bd87efa2598268da','srv_24d3eb5271e8e8ed','succeeded','127.0.0.1','{"code":null,"command_id":"cmd_bd87efa2598268da","duration_ms":3,"exit_code":0,"output_bytes":3,"output_sha256":"98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4","signal":null,"status":"succeeded","truncated":false}','c2c151a329d98c8363a758a3e383d499232b063ab52a5c5e64e5914674b84286','4b371163788fababbc0c642ffdc3dafdccbd9f94bfa15171855d5763ecb98b38');
CREATE TABLE command_output (
    command_num INTEGER NOT NULL REFERENCES commands (num) ON DELETE CASCADE,
    part        INTEGER NOT NULL,
    first_seq   BIGINT NOT NULL,
    last_seq    BIGINT NOT NULL,
    raw_bytes   BIGINT NOT NULL,
    body        BLOB NOT NULL,
    PRIMARY KEY (command_num, part)
);
INSERT INTO "command_output" VALUES(1,0,1,1,3,X'7801636000034610C99C91C90500023900E0');
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
INSERT INTO "commands" VALUES(1,'cmd_bd87efa2598268da',1,'usr_a5a46987317d4b5f',NULL,'echo hi','[]',NULL,60.0,'succeeded',0,NULL,NULL,'',3,0,3,1795524591442,1795524591442,1795524591450,'hi
','98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4');
CREATE TABLE events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms     BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    server_id TEXT,
    user_id   TEXT,
    message   TEXT NOT NULL,
    data      TEXT NOT NULL DEFAULT '{}'
);
INSERT INTO "events" VALUES(1,1795524590734,'login',NULL,'usr_a5a46987317d4b5f','admin logged in','{"address":"127.0.0.1"}');
INSERT INTO "events" VALUES(2,1795524591418,'server','srv_24d3eb5271e8e8ed','usr_a5a46987317d4b5f','server web-1 added','{}');
INSERT INTO "events" VALUES(3,1795524591436,'connection','srv_24d3eb5271e8e8ed',NULL,'web-1 connected','{}');
INSERT INTO "events" VALUES(4,1795524591442,'command','srv_24d3eb5271e8e8ed','usr_a5a46987317d4b5f','echo hi on web-1','{"command_id":"cmd_bd87efa2598268da"}');
INSERT INTO "events" VALUES(5,1795524591451,'command','srv_24d3eb5271e8e8ed','usr_a5a46987317d4b5f','echo hi on web-1: succeeded','{"command_id":"cmd_bd87efa2598268da","status":"succeeded","exit_code":0,"signal":null,"code":null,"duration_ms":3,"output_bytes":3,"truncated":false}');
INSERT INTO "events" VALUES(6,1795524592533,'connection','srv_24d3eb5271e8e8ed',NULL,'web-1 disconnected: the peer closed the connection','{}');
CREATE TABLE gap (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    from_seq   BIGINT NOT NULL,
    to_seq     BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    ts_ms      BIGINT NOT NULL
);
INSERT INTO "gap" VALUES(1,1,'epoch-1',6,8,'spool_full',1795524591433);
CREATE TABLE grants (
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator')),
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (server_num, user_id)
);
CREATE TABLE hot_2026112412_1_host (server_num INTEGER NOT NULL, seq BIGINT NOT NULL, ts BIGINT NOT NULL, recv BIGINT NOT NULL, v0 BIGINT, v1 BIGINT, v2 BIGINT, v3 BIGINT, v4 BIGINT, v5 BIGINT, v6 BIGINT, v7 BIGINT, v8 BIGINT, v9 BIGINT, v10 BIGINT, v11 BIGINT, v12 BIGINT, v13 BIGINT, v14 BIGINT, v15 BIGINT, v16 BIGINT, v17 BIGINT, v18 BIGINT, v19 BIGINT, v20 BIGINT, v21 BIGINT, v22 BIGINT);
INSERT INTO "hot_2026112412_1_host" VALUES(1,1,1795521605000,1795524591433,1100,150,NULL,NULL,NULL,50,25,10,3750,3000000001,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10010);
INSERT INTO "hot_2026112412_1_host" VALUES(1,2,1795521610000,1795524591433,1200,150,NULL,NULL,NULL,50,25,10,3750,3000000002,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10020);
INSERT INTO "hot_2026112412_1_host" VALUES(1,3,1795521615000,1795524591433,1300,150,NULL,NULL,NULL,50,25,10,3750,3000000003,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10030);
INSERT INTO "hot_2026112412_1_host" VALUES(1,4,1795521620000,1795524591433,1400,150,NULL,NULL,NULL,50,25,10,3750,3000000004,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10040);
INSERT INTO "hot_2026112412_1_host" VALUES(1,5,1795521625000,1795524591433,1500,150,NULL,NULL,NULL,50,25,10,3750,3000000005,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10050);
INSERT INTO "hot_2026112412_1_host" VALUES(1,9,1795521650000,1795524591433,1900,150,NULL,NULL,NULL,50,25,10,3750,3000000009,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10090);
CREATE TABLE hot_2026112412_1_part (group_id INTEGER NOT NULL, seq BIGINT NOT NULL, ts BIGINT NOT NULL, v0 BIGINT, v1 BIGINT, v2 BIGINT, v3 BIGINT);
INSERT INTO "hot_2026112412_1_part" VALUES(1,1,1795521605000,4000,40,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(2,1,1795521605000,1000,10,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(1,2,1795521610000,4000,40,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(2,2,1795521610000,1000,10,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(1,3,1795521615000,4000,40,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(2,3,1795521615000,1000,10,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(1,4,1795521620000,4000,40,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(2,4,1795521620000,1000,10,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(1,5,1795521625000,4000,40,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(2,5,1795521625000,1000,10,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(1,9,1795521650000,4000,40,NULL,NULL);
INSERT INTO "hot_2026112412_1_part" VALUES(2,9,1795521650000,1000,10,NULL,NULL);
CREATE TABLE hot_table (
    name         TEXT PRIMARY KEY NOT NULL,
    hour_ms      BIGINT NOT NULL,
    cols_version INTEGER NOT NULL,
    min_ts       BIGINT NOT NULL,
    max_ts       BIGINT NOT NULL
);
INSERT INTO "hot_table" VALUES('hot_2026112412_1',1795521600000,1,1795521480000,1795525320000);
CREATE TABLE ingest_cursor (
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (server_num, epoch)
);
INSERT INTO "ingest_cursor" VALUES(1,'epoch-1',9,1795524591433);
CREATE TABLE latest (
    server_num INTEGER PRIMARY KEY NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    ts_ms      BIGINT NOT NULL,
    body       BLOB NOT NULL
);
INSERT INTO "latest" VALUES(1,'epoch-1',9,1795521650000,X'7B2274696D657374616D70223A22323032362D31312D32345431323A30303A35302E3030305A222C22637075223A7B2270657263656E74223A31392E302C2275736572223A312E352C226C6F6164223A5B302E352C302E32352C302E315D7D2C226D656D6F7279223A7B22746F74616C223A383030303030303030302C2275736564223A333030303030303030392C2270657263656E74223A33372E357D2C226469736B73223A5B7B226D6F756E74223A222F222C22746F74616C223A3130302C2275736564223A34302C2270657263656E74223A34302E307D5D2C226E6574776F726B73223A5B7B22696E74657266616365223A2265746830222C2272785F627073223A313030302E342C2274785F627073223A31302E307D5D2C2270726F636573736573223A5B7B22706964223A312C226E616D65223A22696E6974222C2275736572223A22726F6F74222C226370755F70657263656E74223A302E312C226D656D6F72795F75736564223A313030302C22636F6D6D616E64223A222F7362696E2F696E6974227D5D2C2270726F636573735F636F756E74223A3132302C22757074696D655F73223A313030392E302C22736571223A397D');
CREATE TABLE metric_group (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    label      TEXT NOT NULL,
    used_ms    BIGINT NOT NULL, -- to the hour
    UNIQUE (server_num, kind, label)
);
INSERT INTO "metric_group" VALUES(1,1,'disk','/',1795521600000);
INSERT INTO "metric_group" VALUES(2,1,'net','eth0',1795521600000);
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
INSERT INTO "refresh_tokens" VALUES('001b13dd3ffe62ceaa001eb087d7bc0376579d1e59c610f7fab059c057c48f6a','f9941c327e8adc2c603ee41c','usr_a5a46987317d4b5f',1795524590734,1796129390734,1798116590734,NULL,NULL);
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
INSERT INTO "servers" VALUES(1,'srv_24d3eb5271e8e8ed','web-1','["prod"]','usr_a5a46987317d4b5f',1795524591418,1795524591447,'{}','["commands"]');
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
CREATE TABLE users (
    id            TEXT PRIMARY KEY NOT NULL,
    username      TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    token_version INTEGER NOT NULL DEFAULT 0,
    created_ms    BIGINT NOT NULL
);
INSERT INTO "users" VALUES('usr_a5a46987317d4b5f','admin','b1$$2b$12$DgItOwgGZLev5x5hWRSXVOqty.MCkoZUtuBq7T90ArAc2wCq36pay','admin',1,1,1795524589818);
INSERT INTO "users" VALUES('usr_3e6c3d844dbea94d','ann','b1$$2b$12$oz/hOZkY24C88qaergKKC.1KyV4QB/YViEaWOEQtmFDIDwp.7VFd2','operator',1,1,1795524591414);
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_ms);
CREATE INDEX servers_owner ON servers (owner_id);
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX api_keys_server ON api_keys (server_num);
CREATE INDEX gap_server ON gap (server_num, ts_ms);
CREATE INDEX metric_group_used ON metric_group (used_ms);
CREATE INDEX events_ts ON events (ts_ms);
CREATE INDEX events_server ON events (server_id, id);
CREATE INDEX events_kind ON events (kind, id);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE INDEX commands_server ON commands (server_num, num);
CREATE INDEX commands_batch ON commands (batch_id, num) WHERE batch_id IS NOT NULL;
CREATE INDEX commands_running ON commands (num) WHERE status = 'running';
CREATE INDEX commands_created ON commands (created_ms);
CREATE INDEX terminals_server ON terminals (server_num, num);
CREATE INDEX terminals_opened ON terminals (opened_ms);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('audit',7);
INSERT INTO "sqlite_sequence" VALUES('events',6);
INSERT INTO "sqlite_sequence" VALUES('servers',1);
INSERT INTO "sqlite_sequence" VALUES('metric_group',2);
INSERT INTO "sqlite_sequence" VALUES('gap',1);
INSERT INTO "sqlite_sequence" VALUES('commands',1);
COMMIT;
