-- Who is about to create an object whose creation and mark are not one step.
CREATE TABLE ownership (
    system text NOT NULL,
    name text NOT NULL,
    installation text NOT NULL,
    kind text NOT NULL,
    owner_name text NOT NULL,
    owner_uid text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (system, name)
);

-- Credentials of workloads for the core API. Several per user name: two versions run side by side
-- during an upgrade. Passwords are random, so a plain digest is enough.
CREATE TABLE plugin_credential (
    username text NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (username, sha256)
);

-- Which password a login was given, by its digest: the catalogue's own copy cannot be read.
CREATE TABLE login_password (
    login text PRIMARY KEY,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32)
);

GRANT USAGE ON SCHEMA core TO plexica_core_api;
GRANT SELECT (username, sha256) ON plugin_credential TO plexica_core_api
