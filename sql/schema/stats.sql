-- Statistics of scoring, by version and hour. The maintenance worker merges into them what the engine and the backends gathered.

CREATE TABLE altlas.model_stats_hour (
    model_version text NOT NULL,
    sha256        text NOT NULL,
    hour          timestamptz NOT NULL,
    calls         bigint NOT NULL CHECK (calls >= 0),
    rows          bigint NOT NULL CHECK (rows >= 0),
    errors        jsonb NOT NULL,
    latency       bytea NOT NULL,
    batches       bytea NOT NULL,
    last_call     timestamptz NOT NULL,
    PRIMARY KEY (model_version, sha256, hour)
);
CREATE INDEX model_stats_hour_hour_idx ON altlas.model_stats_hour (hour);
COMMENT ON TABLE altlas.model_stats_hour IS
    'Calls by version and hour; hour -infinity holds the counts of hours older than altlas.stats_retention.';

CREATE TABLE altlas.model_sketch (
    model_version text NOT NULL,
    sha256        text NOT NULL,
    hour          timestamptz NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('feature', 'score', 'proba', 'label')),
    position      integer NOT NULL,
    name          text NOT NULL,
    count         bigint NOT NULL,
    state         bytea NOT NULL,
    PRIMARY KEY (model_version, sha256, hour, kind, position)
);
CREATE INDEX model_sketch_hour_idx ON altlas.model_sketch (hour);
COMMENT ON TABLE altlas.model_sketch IS 'What models were given and answered, by version and hour, as mergeable summaries.';

SELECT pg_catalog.pg_extension_config_dump('altlas.model_stats_hour', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.model_sketch', '');

CREATE AGGREGATE altlas._merged_stats(bytea) (
    SFUNC = altlas._merge_stats, STYPE = bytea, COMBINEFUNC = altlas._merge_stats, PARALLEL = SAFE
);

-- Adds up counts by key.
CREATE FUNCTION altlas._merge_counts("left" jsonb, "right" jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_object_agg(s.key, s.n), '{}')
      FROM (SELECT b.key, sum(b.value::bigint) AS n
              FROM (SELECT * FROM jsonb_each_text("left") UNION ALL SELECT * FROM jsonb_each_text("right")) b
             GROUP BY b.key) s
);
CREATE AGGREGATE altlas._merged_counts(jsonb) (
    SFUNC = altlas._merge_counts, STYPE = jsonb, COMBINEFUNC = altlas._merge_counts, PARALLEL = SAFE
);
