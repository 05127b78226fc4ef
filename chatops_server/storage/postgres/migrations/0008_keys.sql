-- Keys that end by themselves and are followed by others, and tokens by which machines enrol.

ALTER TABLE api_keys ADD COLUMN expires_ms BIGINT;
ALTER TABLE api_keys ADD COLUMN auto_rotate BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN rotate_ms BIGINT; -- when a next key was asked for; none once it is in use
ALTER TABLE api_keys ADD COLUMN replaces TEXT; -- the key before it
ALTER TABLE api_keys ADD COLUMN confirmed_ms BIGINT; -- of one that replaces another: when it was first used
CREATE INDEX api_keys_replaces ON api_keys (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE enroll_tokens (
    id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    owner_id        TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            TEXT COLLATE "C" NOT NULL DEFAULT '',
    tags            TEXT COLLATE "C" NOT NULL DEFAULT '[]',
    secret_hash     TEXT COLLATE "C" NOT NULL,
    prefix          TEXT COLLATE "C" NOT NULL,
    created_ms      BIGINT NOT NULL,
    expires_ms      BIGINT NOT NULL,
    revoked_ms      BIGINT,
    max_uses        BIGINT NOT NULL,
    uses            BIGINT NOT NULL DEFAULT 0,
    key_lifetime_ms BIGINT,
    key_auto_rotate BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX enroll_tokens_owner ON enroll_tokens (owner_id);

-- Which machine became which server, so that one that asks again is no second one.
CREATE TABLE enrolments (
    token_id   TEXT COLLATE "C" NOT NULL REFERENCES enroll_tokens (id) ON DELETE CASCADE,
    machine    TEXT COLLATE "C" NOT NULL, -- SHA-256 of what only the machine knows, hex
    server_num BIGINT NOT NULL REFERENCES servers (num) ON DELETE CASCADE,
    key_id     TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (token_id, machine)
);
CREATE INDEX enrolments_server ON enrolments (server_num);
