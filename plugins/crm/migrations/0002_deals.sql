CREATE TABLE deals (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    contact_id uuid CONSTRAINT deals_contact REFERENCES contacts (id),
    -- Text, not an enum: a tenant configures its own stages.
    stage text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX deals_by_stage ON deals (stage, id DESC);
CREATE INDEX deals_by_contact ON deals (contact_id, id DESC);
