CREATE FUNCTION altlas.anomaly_score(value double precision, method text DEFAULT 'auto') RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE WINDOW COST 10 AS 'MODULE_PATHNAME', 'altlas_anomaly_score';
COMMENT ON FUNCTION altlas.anomaly_score(double precision, text) IS
    'Score of a value among the rows of its partition, from 0 (as expected) to 1; above 0.5 lies an anomaly.';
