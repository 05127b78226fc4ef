-- TOTP (RFC 6238): `secret` is sealed with a key that is not in the database.
CREATE TABLE second_factors (
    user_id      TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret       TEXT COLLATE "C" NOT NULL,
    created_ms   BIGINT NOT NULL,
    confirmed_ms BIGINT,                  -- asked for at logins from then on
    last_step    BIGINT NOT NULL DEFAULT 0 -- a code is good once
);
CREATE TABLE recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    hash    TEXT COLLATE "C" NOT NULL, -- SHA-256 of the code, hex
    used_ms BIGINT,
    PRIMARY KEY (user_id, hash)
);
