-- What an administrator does once per database, connected to that database. Safe to run again.
-- PostgreSQL 15 to 18. Logins are made without a password: give each one afterwards.

DO $bootstrap$
DECLARE
    database text := quote_ident(current_database());
    login text;
BEGIN
    -- Owns every schema of Plexica. It cannot sign in; it is not a superuser.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'plexica_provisioner') THEN
        BEGIN
            CREATE ROLE plexica_provisioner NOLOGIN CREATEROLE;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;

    -- The operator and the core API sign in with these. Neither inherits anything: the operator
    -- takes plexica_provisioner, the core API takes a tenant's role, statement by statement.
    FOREACH login IN ARRAY ARRAY['plexica_operator', 'plexica_core_api'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', login);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
    IF NOT EXISTS (
        SELECT FROM pg_auth_members
         WHERE roleid = 'plexica_provisioner'::regrole AND member = 'plexica_operator'::regrole
    ) THEN
        BEGIN
            GRANT plexica_provisioner TO plexica_operator;
        EXCEPTION WHEN unique_violation THEN NULL;
        END;
    END IF;

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
