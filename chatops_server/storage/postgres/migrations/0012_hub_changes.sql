-- What hubs that share this database keep in memory, and when it changed last: each looks for what is newer than
-- what it has seen. By triggers, so that whatever writes a row tells of it, in the same transaction.

CREATE SEQUENCE hub_change_number;
CREATE TABLE hub_changes (
    domain     TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL, -- grows in the order of commits: writing scripts run one after the other
    changed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (domain, key)
);
CREATE INDEX hub_changes_version ON hub_changes (version);

-- The first argument is the domain, the second the column that names what has changed.
CREATE FUNCTION hub_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed JSONB := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
    INSERT INTO hub_changes (domain, key, version)
        VALUES (TG_ARGV[0], coalesce(changed ->> TG_ARGV[1], ''), nextval('hub_change_number'))
        ON CONFLICT (domain, key) DO UPDATE SET version = excluded.version, changed_at = now();
    RETURN NULL;
END $$;

CREATE TRIGGER users_change AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION hub_changed('users', 'id');
-- Not when it was seen last, which is written all the time.
CREATE TRIGGER servers_change
    AFTER INSERT OR DELETE OR UPDATE OF name, tags, owner_id, narrowing, host, capabilities, policy ON servers
    FOR EACH ROW EXECUTE FUNCTION hub_changed('servers', 'id');
CREATE TRIGGER grants_change AFTER INSERT OR UPDATE OR DELETE ON grants
    FOR EACH ROW EXECUTE FUNCTION hub_changed('grants', 'server_num');
CREATE TRIGGER login_sessions_change AFTER UPDATE OF ended_ms ON login_sessions
    FOR EACH ROW EXECUTE FUNCTION hub_changed('login_sessions', 'id');
CREATE TRIGGER api_keys_change AFTER DELETE OR UPDATE OF revoked_ms, rotate_ms ON api_keys
    FOR EACH ROW EXECUTE FUNCTION hub_changed('api_keys', 'id');
CREATE TRIGGER thresholds_change AFTER INSERT OR UPDATE OR DELETE ON thresholds
    FOR EACH ROW EXECUTE FUNCTION hub_changed('thresholds', 'id');
CREATE TRIGGER silences_change AFTER INSERT OR UPDATE OR DELETE ON silences
    FOR EACH ROW EXECUTE FUNCTION hub_changed('silences', 'id');
CREATE TRIGGER channels_change AFTER INSERT OR UPDATE OR DELETE ON channels
    FOR EACH ROW EXECUTE FUNCTION hub_changed('channels', 'id');
CREATE TRIGGER notifications_change AFTER INSERT ON notifications
    FOR EACH ROW EXECUTE FUNCTION hub_changed('notifications', 'channel_id');
CREATE TRIGGER retention_change AFTER INSERT OR UPDATE OR DELETE ON retention
    FOR EACH ROW EXECUTE FUNCTION hub_changed('retention', 'name');
CREATE TRIGGER alerts_change AFTER INSERT OR UPDATE ON alerts
    FOR EACH ROW EXECUTE FUNCTION hub_changed('alerts', 'id');
-- What ended long ago goes without a word.
CREATE TRIGGER alerts_end AFTER DELETE ON alerts
    FOR EACH ROW WHEN (OLD.is_remembered = 1) EXECUTE FUNCTION hub_changed('alerts', 'id');
CREATE TRIGGER audit_grows AFTER INSERT ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION hub_changed('audit', '');
