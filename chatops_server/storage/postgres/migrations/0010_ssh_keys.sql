-- Public keys by which people reach the UI over ssh.
CREATE TABLE ssh_keys (
    id           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT COLLATE "C" NOT NULL,
    line         TEXT COLLATE "C" NOT NULL, -- as in authorized_keys: algorithm and key, without a comment
    fingerprint  TEXT COLLATE "C" NOT NULL, -- SHA256:…, as ssh-keygen -l shows it
    created_ms   BIGINT NOT NULL,
    last_used_ms BIGINT,
    UNIQUE (user_id, fingerprint)
);
