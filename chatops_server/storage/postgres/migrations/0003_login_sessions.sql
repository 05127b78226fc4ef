-- A login and all that followed from it by refreshing: what a user lists and ends. `id` is the family.
CREATE TABLE login_sessions (
    id         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    begun_ms   BIGINT NOT NULL,
    used_ms    BIGINT NOT NULL,
    ends_ms    BIGINT NOT NULL,
    address    TEXT COLLATE "C",
    program    TEXT COLLATE "C" NOT NULL DEFAULT '',
    ended_ms   BIGINT -- its access tokens are refused until the last of them has expired
);
CREATE INDEX login_sessions_user ON login_sessions (user_id);
CREATE INDEX login_sessions_ended ON login_sessions (ended_ms);
INSERT INTO login_sessions (id, user_id, begun_ms, used_ms, ends_ms)
    SELECT family, user_id, min(created_ms), max(created_ms), max(family_ends_ms)
    FROM refresh_tokens GROUP BY family, user_id;
