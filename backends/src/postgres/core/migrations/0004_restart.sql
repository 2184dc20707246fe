-- How often the workloads of a user name and version were started again for a configuration, where
-- they were: the one place that says so, so that all who share a workload mean the same one.
CREATE TABLE workload_restart (
    username text,
    version text,
    restarts bigint NOT NULL CHECK (restarts >= 1),
    PRIMARY KEY (username, version)
)
