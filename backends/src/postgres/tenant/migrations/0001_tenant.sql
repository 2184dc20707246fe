-- Applied with the tenant's schema at the head of the search path; {role} is the tenant's role.

-- What plugins of this tenant define. Written by the operator.
CREATE TABLE permission (
    key text PRIMARY KEY,
    plugin text NOT NULL,
    name text NOT NULL,
    default_roles text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX permission_plugin ON permission (plugin);

-- Which role of the tenant holds what. Starts as the plugins' defaults; the tenant changes it.
CREATE TABLE role_permission (
    role text NOT NULL,
    permission text NOT NULL REFERENCES permission (key) ON DELETE CASCADE,
    PRIMARY KEY (role, permission)
);
CREATE INDEX role_permission_permission ON role_permission (permission);

-- What happened. Nothing that acts for the tenant can read it back, change it or remove it.
CREATE TABLE audit_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    resource text,
    correlation_id text,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_event_at ON audit_event (at);

GRANT SELECT ON permission TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON role_permission TO {role};
GRANT INSERT ON audit_event TO {role}
