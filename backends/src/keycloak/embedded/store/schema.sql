CREATE SCHEMA IF NOT EXISTS embedded_keycloak;

CREATE TABLE IF NOT EXISTS embedded_keycloak.realm (
    name text PRIMARY KEY,
    id uuid NOT NULL,
    settings jsonb NOT NULL,
    default_roles text[] NOT NULL,
    signing_key text NOT NULL
);

-- Required actions and steps of flows that are not as a new realm has them, by alias and id.
ALTER TABLE embedded_keycloak.realm ADD COLUMN IF NOT EXISTS authentication jsonb NOT NULL DEFAULT '{}';

CREATE TABLE IF NOT EXISTS embedded_keycloak.client (
    id uuid PRIMARY KEY,
    realm text NOT NULL REFERENCES embedded_keycloak.realm ON DELETE CASCADE,
    client_id text NOT NULL,
    body jsonb NOT NULL,
    UNIQUE (realm, client_id)
);

CREATE TABLE IF NOT EXISTS embedded_keycloak.broker (
    realm text NOT NULL REFERENCES embedded_keycloak.realm ON DELETE CASCADE,
    alias text NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (realm, alias)
);

CREATE TABLE IF NOT EXISTS embedded_keycloak.role (
    id uuid PRIMARY KEY,
    realm text NOT NULL REFERENCES embedded_keycloak.realm ON DELETE CASCADE,
    name text NOT NULL,
    UNIQUE (realm, name)
);

CREATE TABLE IF NOT EXISTS embedded_keycloak.account (
    id uuid PRIMARY KEY,
    realm text NOT NULL REFERENCES embedded_keycloak.realm ON DELETE CASCADE,
    username text NOT NULL,
    email text,
    body jsonb NOT NULL,
    password text,
    roles text[] NOT NULL,
    UNIQUE (realm, username),
    UNIQUE (realm, email)
);

CREATE TABLE IF NOT EXISTS embedded_keycloak.session (
    id uuid PRIMARY KEY,
    realm text NOT NULL REFERENCES embedded_keycloak.realm ON DELETE CASCADE,
    account uuid NOT NULL REFERENCES embedded_keycloak.account ON DELETE CASCADE,
    client_id text NOT NULL,
    scope text NOT NULL,
    refresh bytea NOT NULL,
    started timestamptz NOT NULL DEFAULT now(),
    used timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS embedded_keycloak.code (
    hash bytea PRIMARY KEY,
    realm text NOT NULL REFERENCES embedded_keycloak.realm ON DELETE CASCADE,
    account uuid NOT NULL REFERENCES embedded_keycloak.account ON DELETE CASCADE,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    scope text NOT NULL,
    nonce text,
    expires timestamptz NOT NULL
);
