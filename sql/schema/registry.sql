-- Models, their versions and bytes. No triggers and no circular foreign keys: restore loads rows after both exist.

CREATE TABLE altlas.artefact (
    sha256     text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size       bigint NOT NULL CHECK (size > 0),
    complete   boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);
COMMENT ON TABLE altlas.artefact IS 'Model files by the SHA-256 of their bytes.';

CREATE TABLE altlas.artefact_chunk (
    sha256 text NOT NULL REFERENCES altlas.artefact ON DELETE CASCADE,
    n      integer NOT NULL CHECK (n >= 0),
    bytes  bytea NOT NULL,
    PRIMARY KEY (sha256, n)
);
-- ONNX files hardly compress, and an uncompressed value can be read in slices.
ALTER TABLE altlas.artefact_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE altlas.artefact_chunk IS 'The bytes of altlas.artefact in pieces of at most 4 MiB: one large bytea cannot be dumped.';

CREATE SEQUENCE altlas.model_id_seq;
CREATE TABLE altlas.model (
    model_id    bigint PRIMARY KEY DEFAULT nextval('altlas.model_id_seq'),
    name        text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,62}$'),
    task        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL
);
ALTER SEQUENCE altlas.model_id_seq OWNED BY altlas.model.model_id;

CREATE SEQUENCE altlas.training_run_id_seq;
CREATE TABLE altlas.training_run (
    run_id       bigint PRIMARY KEY DEFAULT nextval('altlas.training_run_id_seq'),
    project      text NOT NULL,
    task         text NOT NULL,
    algorithm    text NOT NULL,
    source       text NOT NULL,
    target       text,
    options      jsonb NOT NULL,
    row_count    bigint NOT NULL,
    data_sha256  text NOT NULL,
    metric       text NOT NULL,
    score        double precision NOT NULL,
    baseline     double precision,
    report       jsonb NOT NULL,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz NOT NULL,
    submitted_by text NOT NULL,
    requested    text,
    threads      integer,
    graph_sha256 text,
    peak_memory  bigint
);
ALTER SEQUENCE altlas.training_run_id_seq OWNED BY altlas.training_run.run_id;
COMMENT ON TABLE altlas.training_run IS 'What was trained from which data, with which result.';

CREATE SEQUENCE altlas.model_version_id_seq;
CREATE TABLE altlas.model_version (
    version_id  bigint PRIMARY KEY DEFAULT nextval('altlas.model_version_id_seq'),
    model_id    bigint NOT NULL REFERENCES altlas.model,
    version     integer NOT NULL CHECK (version > 0),
    sha256      text NOT NULL REFERENCES altlas.artefact,
    tokenizer   text REFERENCES altlas.artefact,
    preprocess  jsonb,
    manifest    jsonb NOT NULL,
    run_id      bigint REFERENCES altlas.training_run,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    UNIQUE (model_id, version)
);
ALTER SEQUENCE altlas.model_version_id_seq OWNED BY altlas.model_version.version_id;

CREATE TABLE altlas.model_alias (
    model_id  bigint NOT NULL,
    alias     text NOT NULL CHECK (alias ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,62}$'),
    version   integer NOT NULL,
    PRIMARY KEY (model_id, alias),
    FOREIGN KEY (model_id, version) REFERENCES altlas.model_version (model_id, version)
);
COMMENT ON TABLE altlas.model_alias IS 'Names for versions; a model''s plain name stands for its alias "production".';

CREATE TABLE altlas.test_vector (
    version_id bigint NOT NULL REFERENCES altlas.model_version ON DELETE CASCADE,
    n          integer NOT NULL,
    input      jsonb NOT NULL,
    output     double precision[] NOT NULL,
    PRIMARY KEY (version_id, n)
);
COMMENT ON TABLE altlas.test_vector IS 'Inputs with the outputs that the trainer or importer gave for them.';

CREATE TABLE altlas.background_row (
    version_id bigint NOT NULL REFERENCES altlas.model_version ON DELETE CASCADE,
    n          integer NOT NULL,
    input      jsonb NOT NULL,
    PRIMARY KEY (version_id, n)
);
COMMENT ON TABLE altlas.background_row IS 'Rows of the training part that explanations compare a row with.';

CREATE TABLE altlas.builtin_model (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    preprocess jsonb,
    manifest   jsonb NOT NULL
);
COMMENT ON TABLE altlas.builtin_model IS 'Models that come with altlas as files in the share directory; written by the install script.';

SELECT pg_catalog.pg_extension_config_dump('altlas.artefact', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.artefact_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.model', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.model_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.training_run', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.training_run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.model_version', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.model_version_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.model_alias', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.test_vector', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.background_row', '');

CREATE VIEW altlas.models AS
SELECT m.name, v.version, m.task, v.manifest ->> 'algorithm' AS algorithm,
       (SELECT pg_catalog.array_agg(a.alias ORDER BY a.alias) FROM altlas.model_alias a
         WHERE a.model_id = v.model_id AND a.version = v.version) AS aliases,
       a.size AS size_bytes, v.sha256, v.manifest -> 'columns' AS columns,
       v.manifest -> 'metrics' AS metrics, v.run_id, v.created_at, v.created_by, false AS builtin
  FROM altlas.model m
  JOIN altlas.model_version v USING (model_id)
  JOIN altlas.artefact a ON a.sha256 = v.sha256
UNION ALL
SELECT b.name, NULL, b.manifest ->> 'task', b.manifest ->> 'algorithm', NULL, NULL, b.sha256,
       b.manifest -> 'columns', b.manifest -> 'metrics', NULL, NULL, NULL, true
  FROM altlas.builtin_model b;
COMMENT ON VIEW altlas.models IS 'Every version of every model, and the built-in models.';

CREATE VIEW altlas.training_runs AS
SELECT run_id, project, task, algorithm, target, row_count, metric, score, baseline,
       ended_at - started_at AS duration, started_at, submitted_by, data_sha256, options, source, report,
       coalesce(requested, algorithm) AS requested_algorithm, threads, graph_sha256, peak_memory AS peak_memory_bytes
  FROM altlas.training_run;
COMMENT ON VIEW altlas.training_runs IS 'Trainings with their results.';

CREATE FUNCTION altlas.compare_runs(run_ids bigint[])
RETURNS TABLE (item text, run_id bigint, value text, same boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    WITH run AS (SELECT * FROM altlas.training_runs r WHERE r.run_id = ANY (run_ids)),
    told AS (
        SELECT r.run_id, e.key AS item, e.value
          FROM run r, jsonb_each_text(to_jsonb(r) - ARRAY['run_id', 'options', 'report']) e
        UNION ALL
        SELECT r.run_id, p.prefix || e.key, e.value
          FROM run r,
               LATERAL (VALUES ('options.', r.options), ('metrics.', r.report -> 'metrics'), ('library.', r.report -> 'library'),
                               ('hyperparams.', r.report #> '{training,hyperparams}')) p (prefix, told),
               jsonb_each_text(CASE jsonb_typeof(p.told) WHEN 'object' THEN p.told ELSE '{}' END) e
    ),
    item AS (SELECT DISTINCT t.item FROM told t)
    SELECT i.item, r.run_id, t.value,
           count(t.value) OVER w IN (0, count(*) OVER w) AND coalesce(min(t.value) OVER w = max(t.value) OVER w, true)
      FROM item i CROSS JOIN run r LEFT JOIN told t ON t.run_id = r.run_id AND t.item = i.item
    WINDOW w AS (PARTITION BY i.item)
     ORDER BY i.item COLLATE "C", array_position(run_ids, r.run_id)
$$;
COMMENT ON FUNCTION altlas.compare_runs(bigint[]) IS 'What some training runs have in common and where they differ; one row an item and run.';
