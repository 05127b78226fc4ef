-- How long things are kept, where an admin has set it in place of the hub's flag.
CREATE TABLE retention (
    name  TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
