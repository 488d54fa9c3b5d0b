-- What people said about models' answers. An entry stands for one correction of one input, however often and by whomever it was given.

CREATE SEQUENCE altlas.feedback_id_seq;
CREATE TABLE altlas.feedback_entry (
    feedback_id   bigint PRIMARY KEY DEFAULT nextval('altlas.feedback_id_seq'),
    kind          text NOT NULL CHECK (kind IN ('label', 'segmentation')),
    model         text NOT NULL,
    model_version text NOT NULL,
    input         text NOT NULL,
    predicted     text,
    correct       text NOT NULL,
    digest        bytea NOT NULL UNIQUE,
    state         text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'accepted', 'rejected')),
    accepted_as   text CHECK (accepted_as IS NULL OR state = 'accepted'),
    reviewed_by   text,
    reviewed_at   timestamptz,
    CHECK ((state = 'new') = (reviewed_by IS NULL) AND (state = 'new') = (reviewed_at IS NULL))
);
ALTER SEQUENCE altlas.feedback_id_seq OWNED BY altlas.feedback_entry.feedback_id;
CREATE INDEX feedback_of_model ON altlas.feedback_entry (model, state);
COMMENT ON TABLE altlas.feedback_entry IS 'Corrections; digest is the SHA-256 of kind, version, input and correct, which no two entries share.';

CREATE TABLE altlas.feedback_giver (
    feedback_id  bigint NOT NULL REFERENCES altlas.feedback_entry ON DELETE CASCADE,
    session_role text NOT NULL,
    active_role  text NOT NULL,
    times        bigint NOT NULL DEFAULT 1 CHECK (times > 0),
    first_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    origin       text,
    comment      text,
    PRIMARY KEY (feedback_id, session_role, active_role)
);
COMMENT ON TABLE altlas.feedback_giver IS 'Who gave a correction, how often; origin and comment are those of the last time that had one.';

SELECT pg_catalog.pg_extension_config_dump('altlas.feedback_entry', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.feedback_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.feedback_giver', '');
