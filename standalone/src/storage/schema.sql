-- Version 1 of the server's own schema. Numbered and applied once, under a lock.

-- One row: the last revision given out. Its row lock serialises writers, so that revisions become
-- visible in their order (a sequence gives numbers in order, but commits overtake each other).
CREATE TABLE standalone.revision (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  current   bigint NOT NULL,
  compacted bigint NOT NULL
);
INSERT INTO standalone.revision (current, compacted) VALUES (1, 1);

-- What is. The key is namespace/name, or the name alone; its order is the order of lists.
CREATE TABLE standalone.object (
  resource  text COLLATE "C" NOT NULL,
  key       text COLLATE "C" NOT NULL,
  namespace text COLLATE "C" NOT NULL,
  uid       text COLLATE "C" NOT NULL,
  owners    text[] NOT NULL,
  deleting  boolean NOT NULL,
  revision  bigint NOT NULL,
  body      bytea NOT NULL,
  written   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (resource, key)
);
CREATE INDEX object_namespace ON standalone.object (namespace) WHERE namespace <> '';
CREATE INDEX object_uid ON standalone.object (uid);
CREATE INDEX object_owners ON standalone.object USING gin (owners);

-- What happened lately: a watch reads this, and so does a list at an older revision.
CREATE TABLE standalone.change (
  revision          bigint PRIMARY KEY,
  resource          text COLLATE "C" NOT NULL,
  key               text COLLATE "C" NOT NULL,
  namespace         text COLLATE "C" NOT NULL,
  uid               text COLLATE "C" NOT NULL,
  body              bytea,
  previous          bytea,
  previous_revision bigint,
  at                timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX change_key ON standalone.change (resource, key, revision);

-- One write, conditional and atomic, in one round trip. p_expected is the revision the caller saw, 0 for
-- "does not exist"; p_body is null to delete. The caller's namespace is checked under the writers' lock,
-- so nothing is ever created in a namespace that is going away.
CREATE FUNCTION standalone.write(
  p_resource text, p_key text, p_namespace text, p_uid text,
  p_owners text[], p_deleting boolean, p_expected bigint, p_body bytea,
  OUT outcome text, OUT new_revision bigint
) LANGUAGE plpgsql AS $$
DECLARE
  old standalone.object%ROWTYPE;
  space_deleting boolean;
BEGIN
  SELECT current + 1 INTO new_revision FROM standalone.revision FOR UPDATE;
  SELECT * INTO old FROM standalone.object o WHERE o.resource = p_resource AND o.key = p_key;
  IF p_expected = 0 THEN
    IF old.key IS NOT NULL THEN outcome := 'exists'; RETURN; END IF;
    IF p_namespace <> '' THEN
      SELECT o.deleting INTO space_deleting FROM standalone.object o
        WHERE o.resource = '/namespaces' AND o.key = p_namespace;
      IF space_deleting IS NULL THEN outcome := 'no namespace'; RETURN; END IF;
      IF space_deleting THEN outcome := 'namespace deleting'; RETURN; END IF;
    END IF;
    INSERT INTO standalone.object (resource, key, namespace, uid, owners, deleting, revision, body)
      VALUES (p_resource, p_key, p_namespace, p_uid, p_owners, p_deleting, new_revision, p_body);
  ELSE
    IF old.key IS NULL THEN outcome := 'gone'; RETURN; END IF;
    IF old.revision <> p_expected THEN outcome := 'stale'; RETURN; END IF;
    IF p_body IS NULL THEN
      IF p_resource = '/namespaces' AND EXISTS (
        SELECT FROM standalone.object o WHERE o.namespace = p_key AND o.namespace <> ''
      ) THEN outcome := 'not empty'; RETURN; END IF;
      DELETE FROM standalone.object o WHERE o.resource = p_resource AND o.key = p_key;
    ELSE
      UPDATE standalone.object o
        SET owners = p_owners, deleting = p_deleting, revision = new_revision, body = p_body,
            written = clock_timestamp()
        WHERE o.resource = p_resource AND o.key = p_key;
    END IF;
  END IF;
  INSERT INTO standalone.change (revision, resource, key, namespace, uid, body, previous, previous_revision)
    VALUES (new_revision, p_resource, p_key, p_namespace, p_uid, p_body, old.body, old.revision);
  UPDATE standalone.revision SET current = new_revision;
  PERFORM pg_notify('standalone', new_revision::text);
  outcome := 'done';
END $$;

-- Forgets changes older than the given age; a watch from before answers 410 from then on.
CREATE FUNCTION standalone.compact(age interval) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  upto bigint;
BEGIN
  SELECT max(c.revision) INTO upto FROM standalone.change c WHERE c.at < clock_timestamp() - age;
  IF upto IS NULL THEN RETURN NULL; END IF;
  UPDATE standalone.revision SET compacted = greatest(compacted, upto);
  DELETE FROM standalone.change c WHERE c.revision <= upto;
  RETURN upto;
END $$;
