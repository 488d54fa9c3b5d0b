-- $1 source, $2 target, $3 options, $4 labelled rows, $5 rows without a label, $6 the models with their figures, $7 session role,
-- $8 active role.
WITH comparison AS (
    INSERT INTO altlas.comparison (source, target, options, row_count, unlabelled, session_role, active_role)
    VALUES ($1, $2, $3, $4, $5, $7, $8)
    RETURNING comparison_id
), kept AS (
    INSERT INTO altlas.comparison_model
    SELECT c.comparison_id, m.rank, m.model, m.accuracy, m.macro_f1, m.calibration_error, m.mae, m.rmse, m.median_ae, m.r2, m.p_value,
           m.latency_p50_ms, m.latency_p99_ms, m.rows_per_second, m.size_bytes, m.memory_bytes, m.cost_per_1000
      FROM comparison c,
           pg_catalog.jsonb_to_recordset($6) AS m (rank integer, model text, accuracy float8, macro_f1 float8, calibration_error float8,
               mae float8, rmse float8, median_ae float8, r2 float8, p_value float8, latency_p50_ms float8, latency_p99_ms float8,
               rows_per_second float8, size_bytes bigint, memory_bytes bigint, cost_per_1000 float8)
)
SELECT comparison_id FROM comparison
