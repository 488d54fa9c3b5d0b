-- Comparisons of models that were kept: what altlas.compare_models answered, and for which rows.

CREATE SEQUENCE altlas.comparison_id_seq;
CREATE TABLE altlas.comparison (
    comparison_id bigint PRIMARY KEY DEFAULT nextval('altlas.comparison_id_seq'),
    source        text NOT NULL,
    target        text NOT NULL,
    options       jsonb NOT NULL,
    row_count     bigint NOT NULL,
    unlabelled    bigint NOT NULL,
    session_role  text NOT NULL,
    active_role   text NOT NULL,
    compared_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER SEQUENCE altlas.comparison_id_seq OWNED BY altlas.comparison.comparison_id;

-- Names, not references: a model that is dropped keeps its figures.
CREATE TABLE altlas.comparison_model (
    comparison_id     bigint NOT NULL REFERENCES altlas.comparison ON DELETE CASCADE,
    rank              integer NOT NULL,
    model_version     text NOT NULL,
    accuracy          double precision,
    macro_f1          double precision,
    calibration_error double precision,
    mae               double precision,
    rmse              double precision,
    median_ae         double precision,
    r2                double precision,
    p_value           double precision,
    latency_p50_ms    double precision NOT NULL,
    latency_p99_ms    double precision NOT NULL,
    rows_per_second   double precision NOT NULL,
    size_bytes        bigint NOT NULL,
    memory_bytes      bigint,
    cost_per_1000     double precision,
    PRIMARY KEY (comparison_id, rank)
);

SELECT pg_catalog.pg_extension_config_dump('altlas.comparison', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.comparison_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.comparison_model', '');

CREATE VIEW altlas.comparisons AS
SELECT c.comparison_id, m.rank, m.model_version, c.row_count, m.accuracy, m.macro_f1, m.calibration_error, m.mae, m.rmse, m.median_ae,
       m.r2, m.p_value, m.latency_p50_ms, m.latency_p99_ms, m.rows_per_second, m.size_bytes, m.memory_bytes, m.cost_per_1000,
       c.source, c.target, c.options, c.active_role AS compared_by, c.compared_at
  FROM altlas.comparison c JOIN altlas.comparison_model m USING (comparison_id);
COMMENT ON VIEW altlas.comparisons IS 'What altlas.compare_models answered, a row for each model of each comparison.';
