-- What the platform does for no tenant alone, such as a version's rollout, has none.
ALTER TABLE operation
    ALTER COLUMN tenant DROP NOT NULL,
    ALTER COLUMN tenant_uid DROP NOT NULL,
    ADD CONSTRAINT operation_of_a_tenant_or_none CHECK ((tenant IS NULL) = (tenant_uid IS NULL))
