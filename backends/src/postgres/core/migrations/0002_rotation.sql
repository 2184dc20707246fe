-- Which generation of credentials the workloads of a user name have, where it is not the first: the
-- one place that says so, so that two operators, and one that was killed, mean the same. It stays when
-- they go: passwords are derived from it, and one of before must not be good again.
CREATE TABLE credential_generation (
    username text PRIMARY KEY,
    generation bigint NOT NULL CHECK (generation >= 1),
    rotated_at timestamptz,
    -- What people asked for by annotations and was followed.
    requests text[] NOT NULL,
    -- Whether the generation before may still be good.
    previous boolean NOT NULL
)
