-- No schema in the names: each tenant has these tables in a schema of its own.
CREATE TABLE contacts (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    email text,
    phone text,
    company text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX contacts_email ON contacts (lower(email));
