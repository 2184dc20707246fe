-- What an administrator does once per database, connected to that database. Safe to run again.
-- PostgreSQL 15 to 18. Logins are made without a password: give each one afterwards.

DO $bootstrap$
DECLARE
    database text := quote_ident(current_database());
    login text;
    role_admin text;
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

    -- From version 16 on, who makes a role is a member of it, and Postgres walks through all of an author's memberships
    -- at each statement about a role. These make the roles, each its share of them; only plexica_provisioner can take
    -- them, and they own nothing. It inherits from them: what it grants itself counts as granted by who made the role.
    IF current_setting('server_version_num')::int >= 160000 THEN
        FOR number IN 0..63 LOOP
            role_admin := 'plexica_role_admin_' || lpad(to_hex(number), 2, '0');
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_admin) THEN
                BEGIN
                    EXECUTE format('CREATE ROLE %I NOLOGIN CREATEROLE', role_admin);
                EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                END;
            END IF;
            IF NOT EXISTS (
                SELECT FROM pg_auth_members
                 WHERE roleid = role_admin::regrole AND member = 'plexica_provisioner'::regrole
            ) THEN
                BEGIN
                    EXECUTE format('GRANT %I TO plexica_provisioner WITH INHERIT TRUE, SET TRUE', role_admin);
                EXCEPTION WHEN unique_violation THEN NULL;
                END;
            END IF;
        END LOOP;
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
