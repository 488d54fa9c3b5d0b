-- What training and prediction do with rows that are not as they should be.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE TABLE ti_runs AS
SELECT n, 'kind' || n % 5 AS kind, n % 24 AS hour, n % 7 = 0 AS urgent, 10.0 + n % 5 + (n % 24) / 4.0 AS took, CASE WHEN n % 5 < 2 THEN 'late' ELSE 'on time' END AS outcome
FROM generate_series(1, 400) n;
-- No row, one row, no known target, one class, a constant target.
SELECT * FROM altlas.train('ti_bad', 'regression', 'SELECT kind, hour, took FROM ti_runs WHERE false', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ti_bad', 'regression', 'SELECT kind, hour, took FROM ti_runs LIMIT 1', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ti_bad', 'regression', 'SELECT kind, hour, NULL::float8 AS took FROM ti_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ti_bad', 'classification', 'SELECT kind, hour, ''late'' AS outcome FROM ti_runs', 'outcome'); \echo :LAST_ERROR_SQLSTATE
SELECT version, score, baseline FROM altlas.train('ti_constant', 'regression', 'SELECT kind, hour, 5.0 AS took FROM ti_runs', 'took');
-- Nothing to learn from.
SELECT * FROM altlas.train('ti_bad', 'regression', 'SELECT took FROM ti_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ti_bad', 'regression', 'SELECT NULL::int AS a, NULL::text AS b, took FROM ti_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
-- More columns than a query of PostgreSQL can have, and as many as are of use.
CREATE FUNCTION ti_train_columns(count int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT version FROM altlas.train('ti_wide', 'regression',
    (SELECT 'SELECT took, ' || string_agg('hour * ' || n || ' AS c' || n, ', ') || ' FROM ti_runs' FROM generate_series(1, count) n), 'took', 'ridge'));
END $$;
SELECT ti_train_columns(10000); \echo :LAST_ERROR_SQLSTATE
SELECT ti_train_columns(1500);
-- Columns that are empty, constant, the target itself or different in every row are told, and rows whose target is no number.
SELECT version FROM altlas.train('ti_told', 'regression',
  'SELECT kind, hour, NULL::int AS empty, 1 AS one, took AS same, md5(n::text) AS id, CASE WHEN n = 7 THEN ''NaN'' WHEN n = 9 THEN ''Infinity'' ELSE took END::float8 AS took FROM ti_runs ORDER BY n', 'took', 'ridge');
SELECT jsonb_array_elements_text(report -> 'warnings') AS warning FROM altlas.training_runs WHERE project = 'ti_told';
-- Prediction: a category never seen, a column that is absent, NULL, of another type.
SELECT version FROM altlas.train('ti_took', 'regression', 'SELECT kind, hour, urgent, took FROM ti_runs', 'took', 'lightgbm');
SELECT altlas.predict('ti_took', '{"kind": "never", "hour": 3, "urgent": false}'::jsonb) IS NOT NULL AS answered;
SELECT altlas.predict('ti_took', '{"kind": "kind1", "hour": 3}'::jsonb) IS NOT NULL AS answered; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('ti_took', '{"kind": null, "hour": null, "urgent": null}'::jsonb) IS NOT NULL AS answered;
SELECT altlas.predict('ti_took', '{"kind": "kind1", "hour": "three", "urgent": false}'::jsonb); \echo :LAST_ERROR_SQLSTATE
ALTER TABLE ti_runs ALTER hour TYPE text;
SELECT altlas.predict('ti_took', r) FROM ti_runs r LIMIT 1; \echo :LAST_ERROR_SQLSTATE
ALTER TABLE ti_runs ALTER hour TYPE bigint USING hour::bigint;
SELECT altlas.predict('ti_took', r) IS NOT NULL AS answered FROM ti_runs r LIMIT 1;
ALTER TABLE ti_runs DROP urgent;
SELECT altlas.predict('ti_took', r) FROM ti_runs r LIMIT 1; \echo :LAST_ERROR_SQLSTATE
-- The rows to predict need no target.
ALTER TABLE ti_runs ADD urgent boolean DEFAULT false, DROP took;
SELECT altlas.predict('ti_took', r) IS NOT NULL AS answered FROM ti_runs r LIMIT 1;
DROP FUNCTION ti_train_columns;
DROP TABLE ti_runs;
