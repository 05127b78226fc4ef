-- Written by the last program of schema 6.
PRAGMA user_version = 6;
BEGIN TRANSACTION;
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
INSERT INTO "alerts" VALUES(1,'alr_dede1351b91609f4',1,'thr_5fde966c337aee5b','firing',1,1795521615000,1795524622512,'{"id":"alr_dede1351b91609f4","server_id":"srv_2a4296eccf27ca49","threshold_id":"thr_5fde966c337aee5b","metric":"cpu.percent","severity":"warning","comparison":"gt","threshold_value":12.0,"state":{"phase":"firing","since_ms":1795521615000,"clear_since_ms":0,"last_ms":1795521615000},"started_ms":1795521615000,"value":13.0,"last_value":13.0,"message":"cpu.percent is 13 % > 12 % since 2026-11-24 12:00:15 UTC","fired_ms":1795524622512,"updated_ms":1795524622512,"context":{"processes":[{"pid":1,"name":"init","user":"root","cpu_percent":0.1,"memory_used":1000,"command":"/sbin/init"}]}}');
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
INSERT INTO "api_keys" VALUES('7h2hv5wkee',1,'','2c02b7de449a209cd6a1ee2e391fbd34bdea8012ee8f6b6ccff5180ee1445bad','chops_7h2hv5wkee',1795524622502,1795524622511,NULL);
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
INSERT INTO "audit" VALUES(1,1795524620355,NULL,'user.create','admin',NULL,'ok',NULL,'{"role":"admin"}','0000000000000000000000000000000000000000000000000000000000000000','bf4f4c8fa8cc266ee8b4a89e7486a9b90c9fd3c2b42a83e06e067eae06f45361');
INSERT INTO "audit" VALUES(2,1795524621465,'usr_e110dd24b365d6db','login','admin',NULL,'ok','127.0.0.1','{}','bf4f4c8fa8cc266ee8b4a89e7486a9b90c9fd3c2b42a83e06e067eae06f45361','1864012896677f134469fc15cec40c733005b7ec38acb88a5454682952348add');
INSERT INTO "audit" VALUES(3,1795524622494,'usr_e110dd24b365d6db','user.create','ann',NULL,'ok','127.0.0.1','{"role":"operator"}','1864012896677f134469fc15cec40c733005b7ec38acb88a5454682952348add','624b0c732ffe445e8b7ddacfb3be97578ffc0b4345ec53c6b612656566b966ca');
INSERT INTO "audit" VALUES(4,1795524622498,'usr_e110dd24b365d6db','server.create','web-1','srv_2a4296eccf27ca49','ok','127.0.0.1','{}','624b0c732ffe445e8b7ddacfb3be97578ffc0b4345ec53c6b612656566b966ca','653a8bba90bbe4bb0a679715b1187c7b69c6e87b819819de7659b00888515bf7');
INSERT INTO "audit" VALUES(5,1795524622504,'usr_e110dd24b365d6db','key.create','chops_7h2hv5wkee','srv_2a4296eccf27ca49','ok','127.0.0.1','{"name":""}','653a8bba90bbe4bb0a679715b1187c7b69c6e87b819819de7659b00888515bf7','ff86d7c27a67d09763f02d650a2311a49b37c59977432295e76eaf88139c4190');
INSERT INTO "audit" VALUES(6,1795524622509,'usr_e110dd24b365d6db','threshold.create','cpu.percent','srv_2a4296eccf27ca49','ok','127.0.0.1','{"comparison":"gt","metric":"cpu.percent","server_id":"srv_2a4296eccf27ca49","severity":"warning","threshold_id":"thr_5fde966c337aee5b","value":12.0}','ff86d7c27a67d09763f02d650a2311a49b37c59977432295e76eaf88139c4190','b66755d90c2b23daedd4d90bbf2c4ef921ff05e1b420cb764053f3979a0c60a3');
INSERT INTO "audit" VALUES(7,1795524622519,'usr_e110dd24b365d6db','command.run','cmd_343af84a20d2cf43','srv_2a4296eccf27ca49','sent','127.0.0.1','{"command":"echo hi","timeout_s":60.0}','b66755d90c2b23daedd4d90bbf2c4ef921ff05e1b420cb764053f3979a0c60a3','f0e6132031e86c91d59b52dc7930ff84951efb831ad3980d84d177c5fad1c54e');
INSERT INTO "audit" VALUES(8,1795524622525,'usr_e110dd24b365d6db','command.finished','cmd_343af84a20d2cf43','srv_2a4296eccf27ca49','succeeded','127.0.0.1','{"code":null,"command_id":"cmd_343af84a20d2cf43","duration_ms":3,"exit_code":0,"output_bytes":3,"output_sha256":"98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4","signal":null,"status":"succeeded","truncated":false}','f0e6132031e86c91d59b52dc7930ff84951efb831ad3980d84d177c5fad1c54e','917e80b11af8e97fca9bdca2e9a8b5e3cde34a072354983689580df1070fbfc8');
CREATE TABLE channels (
    num               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    sealed            TEXT NOT NULL, -- address and signing secret; the key is not in the database
    body              TEXT NOT NULL,
    created_ms        BIGINT NOT NULL,
    last_delivered_ms BIGINT,
    last_error        TEXT
);
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
INSERT INTO "commands" VALUES(1,'cmd_343af84a20d2cf43',1,'usr_e110dd24b365d6db',NULL,'echo hi','[]',NULL,60.0,'succeeded',0,NULL,NULL,'',3,0,3,1795524622519,1795524622519,1795524622525,'hi
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
INSERT INTO "events" VALUES(1,1795524621465,'login',NULL,'usr_e110dd24b365d6db','admin logged in','{"address":"127.0.0.1"}');
INSERT INTO "events" VALUES(2,1795524622498,'server','srv_2a4296eccf27ca49','usr_e110dd24b365d6db','server web-1 added','{}');
INSERT INTO "events" VALUES(3,1795524622514,'alert','srv_2a4296eccf27ca49',NULL,'web-1: warning: cpu.percent is 13 % > 12 % since 2026-11-24 12:00:15 UTC','{"alert_id":"alr_dede1351b91609f4","threshold_id":"thr_5fde966c337aee5b","metric":"cpu.percent","severity":"warning","status":"firing","value":13.0,"change":"fired"}');
INSERT INTO "events" VALUES(4,1795524622515,'connection','srv_2a4296eccf27ca49',NULL,'web-1 connected','{}');
INSERT INTO "events" VALUES(5,1795524622519,'command','srv_2a4296eccf27ca49','usr_e110dd24b365d6db','echo hi on web-1','{"command_id":"cmd_343af84a20d2cf43"}');
INSERT INTO "events" VALUES(6,1795524622525,'command','srv_2a4296eccf27ca49','usr_e110dd24b365d6db','echo hi on web-1: succeeded','{"command_id":"cmd_343af84a20d2cf43","status":"succeeded","exit_code":0,"signal":null,"code":null,"duration_ms":3,"output_bytes":3,"truncated":false}');
INSERT INTO "events" VALUES(7,1795524623584,'connection','srv_2a4296eccf27ca49',NULL,'web-1 disconnected: the peer closed the connection','{}');
CREATE TABLE gap (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    from_seq   BIGINT NOT NULL,
    to_seq     BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    ts_ms      BIGINT NOT NULL
);
INSERT INTO "gap" VALUES(1,1,'epoch-1',6,8,'spool_full',1795524622514);
CREATE TABLE grants (
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator')),
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (server_num, user_id)
);
CREATE TABLE hot_2026112412_1_host (server_num INTEGER NOT NULL, seq BIGINT NOT NULL, ts BIGINT NOT NULL, recv BIGINT NOT NULL, v0 BIGINT, v1 BIGINT, v2 BIGINT, v3 BIGINT, v4 BIGINT, v5 BIGINT, v6 BIGINT, v7 BIGINT, v8 BIGINT, v9 BIGINT, v10 BIGINT, v11 BIGINT, v12 BIGINT, v13 BIGINT, v14 BIGINT, v15 BIGINT, v16 BIGINT, v17 BIGINT, v18 BIGINT, v19 BIGINT, v20 BIGINT, v21 BIGINT, v22 BIGINT);
INSERT INTO "hot_2026112412_1_host" VALUES(1,1,1795521605000,1795524622512,1100,150,NULL,NULL,NULL,50,25,10,3750,3000000001,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10010);
INSERT INTO "hot_2026112412_1_host" VALUES(1,2,1795521610000,1795524622512,1200,150,NULL,NULL,NULL,50,25,10,3750,3000000002,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10020);
INSERT INTO "hot_2026112412_1_host" VALUES(1,3,1795521615000,1795524622512,1300,150,NULL,NULL,NULL,50,25,10,3750,3000000003,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10030);
INSERT INTO "hot_2026112412_1_host" VALUES(1,4,1795521620000,1795524622513,1400,150,NULL,NULL,NULL,50,25,10,3750,3000000004,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10040);
INSERT INTO "hot_2026112412_1_host" VALUES(1,5,1795521625000,1795524622513,1500,150,NULL,NULL,NULL,50,25,10,3750,3000000005,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10050);
INSERT INTO "hot_2026112412_1_host" VALUES(1,9,1795521650000,1795524622514,1900,150,NULL,NULL,NULL,50,25,10,3750,3000000009,NULL,NULL,4000,40,NULL,NULL,1000,10,NULL,120,NULL,NULL,10090);
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
, sealed_num INTEGER);
INSERT INTO "hot_table" VALUES('hot_2026112412_1',1795521600000,1,1795521480000,1795525320000,NULL);
CREATE TABLE hub_marks (
    name TEXT PRIMARY KEY NOT NULL
);
INSERT INTO "hub_marks" VALUES('default thresholds');
CREATE TABLE ingest_cursor (
    server_num INTEGER NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (server_num, epoch)
);
INSERT INTO "ingest_cursor" VALUES(1,'epoch-1',9,1795524622514);
CREATE TABLE latest (
    server_num INTEGER PRIMARY KEY NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    ts_ms      BIGINT NOT NULL,
    body       BLOB NOT NULL
);
INSERT INTO "latest" VALUES(1,'epoch-1',9,1795521650000,X'7B2274696D657374616D70223A22323032362D31312D32345431323A30303A35302E3030305A222C22637075223A7B2270657263656E74223A31392E302C2275736572223A312E352C226C6F6164223A5B302E352C302E32352C302E315D7D2C226D656D6F7279223A7B22746F74616C223A383030303030303030302C2275736564223A333030303030303030392C2270657263656E74223A33372E357D2C226469736B73223A5B7B226D6F756E74223A222F222C22746F74616C223A3130302C2275736564223A34302C2270657263656E74223A34302E307D5D2C226E6574776F726B73223A5B7B22696E74657266616365223A2265746830222C2272785F627073223A313030302E342C2274785F627073223A31302E307D5D2C2270726F636573736573223A5B7B22706964223A312C226E616D65223A22696E6974222C2275736572223A22726F6F74222C226370755F70657263656E74223A302E312C226D656D6F72795F75736564223A313030302C22636F6D6D616E64223A222F7362696E2F696E6974227D5D2C2270726F636573735F636F756E74223A3132302C22757074696D655F73223A313030392E302C22736571223A397D');
CREATE TABLE login_sessions (
    id         TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    begun_ms   BIGINT NOT NULL,
    used_ms    BIGINT NOT NULL,
    ends_ms    BIGINT NOT NULL,
    address    TEXT,
    program    TEXT NOT NULL DEFAULT '',
    ended_ms   BIGINT -- its access tokens are refused until the last of them has expired
);
INSERT INTO "login_sessions" VALUES('6da33ae8253f0d3175e31f7a','usr_e110dd24b365d6db',1795524621465,1795524621465,1798116621465,'127.0.0.1','Python/3.11 aiohttp/3.14.5',NULL);
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
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    hash    TEXT NOT NULL, -- SHA-256 of the code, hex
    used_ms BIGINT,
    PRIMARY KEY (user_id, hash)
);
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
INSERT INTO "refresh_tokens" VALUES('5e206f04ea2777fbdd38c31bb77f7d0fc941b0a5bf5230718d501ceb35413c11','6da33ae8253f0d3175e31f7a','usr_e110dd24b365d6db',1795524621465,1796129421465,1798116621465,NULL,NULL);
CREATE TABLE second_factors (
    user_id      TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret       TEXT NOT NULL,
    created_ms   BIGINT NOT NULL,
    confirmed_ms BIGINT,                  -- asked for at logins from then on
    last_step    BIGINT NOT NULL DEFAULT 0 -- a code is good once
);
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
INSERT INTO "servers" VALUES(1,'srv_2a4296eccf27ca49','web-1','["prod"]','usr_e110dd24b365d6db',1795524622498,1795524622525,'{}','["commands"]');
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
CREATE TABLE thresholds (
    num        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    owner_id   TEXT, -- none: the hub's own, of its first start
    server_num INTEGER REFERENCES servers (num) ON DELETE CASCADE, -- none: all that the owner may manage
    body       TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
INSERT INTO "thresholds" VALUES(1,'thr_e45629c2267bf9f4',NULL,NULL,'{"metric":"disk.percent","comparison":"gt","value":90,"for_s":60,"clear_value":88,"severity":"warning","name":"Disk nearly full"}',1795524619120,1795524619120);
INSERT INTO "thresholds" VALUES(2,'thr_32324b90bf0cd2fe',NULL,NULL,'{"metric":"disk.percent","comparison":"gt","value":95,"for_s":60,"clear_value":93,"severity":"critical","name":"Disk full"}',1795524619120,1795524619120);
INSERT INTO "thresholds" VALUES(3,'thr_8838a5c4d50028ac',NULL,NULL,'{"metric":"memory.percent","comparison":"gt","value":95,"for_s":300,"clear_value":90,"severity":"critical","name":"Memory full"}',1795524619120,1795524619120);
INSERT INTO "thresholds" VALUES(4,'thr_5e8c50aa0e346110',NULL,NULL,'{"metric":"load.per_core","comparison":"gt","value":2,"for_s":300,"clear_value":1.5,"severity":"warning","name":"Overloaded"}',1795524619120,1795524619120);
INSERT INTO "thresholds" VALUES(5,'thr_4172d3964772d3ec',NULL,NULL,'{"metric":"server.up","comparison":"lt","value":1,"for_s":60,"severity":"critical","name":"Server down"}',1795524619120,1795524619120);
INSERT INTO "thresholds" VALUES(6,'thr_5fde966c337aee5b','usr_e110dd24b365d6db',1,'{"server_id":"srv_2a4296eccf27ca49","metric":"cpu.percent","comparison":"gt","value":12.0,"severity":"warning"}',1795524622509,1795524622509);
CREATE TABLE users (
    id            TEXT PRIMARY KEY NOT NULL,
    username      TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    token_version INTEGER NOT NULL DEFAULT 0,
    created_ms    BIGINT NOT NULL
);
INSERT INTO "users" VALUES('usr_e110dd24b365d6db','admin','b1$$2b$12$4uvPjKLuTfC6r3i.R6MVlu.6/aw4WV4GgWrFFudo7FXMOnvwJf5Wu','admin',1,1,1795524620355);
INSERT INTO "users" VALUES('usr_ed36a73486fb3d24','ann','b1$$2b$12$NfwU2hhs/XDw.FgxNgeJXOeN7jQ6bF.FdV0lI2KEWSk6lfaTn6Y/e','operator',1,1,1795524622494);
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
CREATE INDEX login_sessions_user ON login_sessions (user_id);
CREATE INDEX login_sessions_ended ON login_sessions (ended_ms);
CREATE INDEX chunk_age ON chunk (tier, t0);
CREATE INDEX alerts_server ON alerts (server_num, num);
CREATE INDEX alerts_status ON alerts (status, num);
CREATE INDEX alerts_updated ON alerts (updated_ms);
CREATE UNIQUE INDEX alerts_open ON alerts (threshold_id, server_num) WHERE is_remembered = 1;
CREATE INDEX silences_ends ON silences (ends_ms);
CREATE INDEX notifications_waiting ON notifications (channel_id, num) WHERE status = 'waiting';
CREATE INDEX notifications_created ON notifications (created_ms);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('thresholds',6);
INSERT INTO "sqlite_sequence" VALUES('audit',8);
INSERT INTO "sqlite_sequence" VALUES('events',7);
INSERT INTO "sqlite_sequence" VALUES('servers',1);
INSERT INTO "sqlite_sequence" VALUES('alerts',1);
INSERT INTO "sqlite_sequence" VALUES('metric_group',2);
INSERT INTO "sqlite_sequence" VALUES('gap',1);
INSERT INTO "sqlite_sequence" VALUES('commands',1);
COMMIT;
