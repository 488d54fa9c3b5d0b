-- Asynchronous jobs: what was submitted, the rows to work on, and the results. Roles are stored by name: a dump is restored elsewhere.

CREATE SEQUENCE altlas.job_id_seq;
CREATE TABLE altlas.job (
    job_id       bigint PRIMARY KEY DEFAULT nextval('altlas.job_id_seq'),
    kind         text NOT NULL CHECK (kind IN ('score', 'train')),
    label        text NOT NULL,
    spec         jsonb NOT NULL,
    submitted_by text NOT NULL,
    submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    attempts     integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL CHECK (max_attempts > 0),
    not_before   timestamptz NOT NULL DEFAULT '-infinity',
    worker       text,
    row_count    bigint NOT NULL DEFAULT 0,
    phase        text,
    done         bigint NOT NULL DEFAULT 0,
    total        bigint,
    rate         double precision,
    started_at   timestamptz,
    ended_at     timestamptz,
    expires_at   timestamptz,
    result       jsonb,
    error_code   text,
    error        text,
    error_detail text,
    error_hint   text
);
ALTER SEQUENCE altlas.job_id_seq OWNED BY altlas.job.job_id;
CREATE INDEX job_unfinished ON altlas.job (job_id) WHERE state IN ('queued', 'running');
COMMENT ON TABLE altlas.job IS 'Jobs that altlas.submit and altlas.train_async made. Trainings of altlas.train take their numbers from the same sequence.';

CREATE TABLE altlas.job_input (
    job_id bigint NOT NULL REFERENCES altlas.job ON DELETE CASCADE,
    n      integer NOT NULL CHECK (n >= 0),
    bytes  bytea NOT NULL,
    PRIMARY KEY (job_id, n)
);
ALTER TABLE altlas.job_input ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE altlas.job_input IS 'The rows of unfinished jobs: an Arrow IPC stream in pieces.';

CREATE TABLE altlas.job_output (
    job_id        bigint NOT NULL REFERENCES altlas.job ON DELETE CASCADE,
    first_ordinal bigint NOT NULL CHECK (first_ordinal > 0),
    row_count     integer NOT NULL CHECK (row_count > 0),
    value         double precision[],
    label         text[],
    proba         double precision[],
    width         integer NOT NULL CHECK (width >= 0),
    PRIMARY KEY (job_id, first_ordinal)
);
COMMENT ON TABLE altlas.job_output IS 'Scores in pieces; proba holds the probabilities of all rows of a piece, width for each. Seen by users when the job is done.';

SELECT pg_catalog.pg_extension_config_dump('altlas.job', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.job_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.job_input', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.job_output', '');
