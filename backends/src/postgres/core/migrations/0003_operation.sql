-- What was done about tenants and their installs: an operation stands in the status of its resource until
-- the next one takes its place or the resource is gone, and here for a while longer.
CREATE TABLE operation (
    id text PRIMARY KEY,
    -- The tenant it was done for, by name and by uid: another tenant of that name has no say in it.
    tenant text NOT NULL,
    tenant_uid text NOT NULL,
    resource text NOT NULL,
    name text NOT NULL,
    resource_uid text NOT NULL,
    phase text NOT NULL,
    started_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    -- As it stood in the status.
    operation jsonb NOT NULL
);
CREATE INDEX operation_of_tenant ON operation (tenant, started_at DESC, id);
CREATE INDEX operation_of_resource ON operation (resource_uid) WHERE phase = 'Running';
CREATE INDEX operation_by_age ON operation (recorded_at);

GRANT SELECT ON operation TO plexica_core_api
