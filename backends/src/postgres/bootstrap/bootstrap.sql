-- What an administrator does once per database, connected to that database. Safe to run again.
-- PostgreSQL 15 to 18. Logins are made without a password: give each one afterwards.

DO $bootstrap$
DECLARE
    database text := quote_ident(current_database());
    -- From version 16 on, who makes a role is a member of it, and Postgres walks through all of an author's memberships
    -- at each statement about a role. These make the roles, each its share of them.
    role_admins text[] := ARRAY(
        SELECT 'plexica_role_admin_' || lpad(to_hex(number), 2, '0') FROM generate_series(0, 63) number
         WHERE current_setting('server_version_num')::int >= 160000
    );
    made record;
BEGIN
    -- plexica_provisioner owns every schema of Plexica. It cannot sign in; it is not a superuser.
    -- The operator and the core API sign in with the two logins. Neither inherits anything: the operator
    -- takes plexica_provisioner, the core API takes a tenant's role, statement by statement.
    FOR made IN
        SELECT 'plexica_provisioner' AS name, 'NOLOGIN CREATEROLE' AS options
        UNION ALL SELECT unnest(ARRAY['plexica_operator', 'plexica_core_api']), 'LOGIN NOINHERIT'
        UNION ALL SELECT unnest(role_admins), 'NOLOGIN CREATEROLE'
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = made.name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', made.name, made.options);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;

    -- Only plexica_provisioner can take the role admins, which own nothing. It inherits from them: what it grants itself
    -- counts as granted by who made the role.
    FOR made IN
        SELECT 'plexica_provisioner' AS name, 'plexica_operator' AS member, '' AS options
        UNION ALL SELECT unnest(role_admins), 'plexica_provisioner', 'WITH INHERIT TRUE, SET TRUE'
    LOOP
        IF NOT EXISTS (
            SELECT FROM pg_auth_members WHERE roleid = made.name::regrole AND member = made.member::regrole
        ) THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I %s', made.name, made.member, made.options);
            EXCEPTION WHEN unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;

    -- Nobody connects, makes temporary tables or creates in "public" merely by existing.
    EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC', database);
    IF to_regnamespace('public') IS NOT NULL THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %s TO plexica_operator, plexica_core_api', database);
    EXECUTE format('GRANT CONNECT ON DATABASE %s TO plexica_provisioner WITH GRANT OPTION', database);
    EXECUTE format('GRANT CREATE ON DATABASE %s TO plexica_provisioner', database);
END
$bootstrap$;
