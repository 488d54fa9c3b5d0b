SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
\set columns 'rank, model_version, row_count, round(accuracy::numeric, 4) AS accuracy, round(macro_f1::numeric, 4) AS macro_f1, calibration_error BETWEEN 0 AND 1 AS calibrated, round(mae::numeric, 3) AS mae, round(p_value::numeric, 4) AS p_value'
\set costs 'latency_p50_ms > 0 AND latency_p99_ms >= latency_p50_ms AND rows_per_second > 0 AND size_bytes > 0 AND memory_bytes > 0 AS measured'

-- Two regressions, one of which knows less.
CREATE TABLE cm_rows AS
SELECT i AS id, (i * 7 % 50)::float8 AS a, (i * 13 % 20)::float8 AS b, 3 * (i * 7 % 50) + 5 * (i * 13 % 20) + i % 3 AS y FROM generate_series(1, 600) i;
SELECT project, version FROM altlas.train('cm_whole', 'regression', 'SELECT a, b, y FROM cm_rows WHERE id <= 400', 'y', 'ridge');
SELECT project, version FROM altlas.train('cm_half', 'regression', 'SELECT a, y FROM cm_rows WHERE id <= 400', 'y', 'ridge');
SELECT :columns, :costs, cost_per_1000, comparison_id IS NOT NULL AS kept
  FROM altlas.compare_models(ARRAY['cm_half', 'cm_whole'], 'SELECT a, b, y FROM cm_rows WHERE id > 400', 'y');
SELECT rank, model_version, target, row_count, compared_by = current_user AS mine, options FROM altlas.comparisons ORDER BY comparison_id, rank;
SELECT action, object LIKE 'comparison %' AS object, after FROM altlas.audit WHERE action = 'compare_models';
SET altlas.price_per_hour = 36;
SELECT cost_per_1000 > 0 AS costs FROM altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'y', '{"calls": 3, "keep": false}');
RESET altlas.price_per_hour;
SELECT count(*) FROM altlas.comparisons;

-- Classifiers of texts: the same one twice is as good as itself.
CREATE TABLE cm_texts (text text, label text);
INSERT INTO cm_texts VALUES ('find the invoice', 'search'), ('delete the file', 'execute'), ('raporu özetle', 'summarize'), ('open the door', 'wrong'), ('nobody knows', NULL);
SELECT :columns, :costs FROM altlas.compare_models(ARRAY['altlas.task_type', 'altlas.task_type'], 'cm_texts', 'label', '{"keep": false}');

-- Read-only transactions.
BEGIN READ ONLY;
SELECT count(*) FROM altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'y', '{"keep": false, "calls": 1}');
SELECT altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- What is refused.
\set VERBOSITY default
SELECT altlas.compare_models(NULL, 'cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models('{}', 'cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole', NULL], 'cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(array_fill('cm_whole'::text, ARRAY[21]), 'cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_nothing'], 'cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'z'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole'], 'SELECT a, y FROM cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole'], 'SELECT a, b, NULL::float8 AS y FROM cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole'], 'SELECT a, b, ''many'' AS y FROM cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'y', '{"max_rows": 10}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'y', '{"folds": 10}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'y', '{"calls": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.compare_models(ARRAY['cm_whole', 'altlas.task_type'], 'SELECT a, b, y, ''x''::text AS text FROM cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE

-- Rights: the source is read by the caller's own.
CREATE ROLE cm_user;
SELECT altlas.grant_access('cm_user', 'score');
SET ROLE cm_user;
SELECT altlas.compare_models(ARRAY['cm_whole'], 'cm_rows', 'y'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.comparison; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT altlas.revoke_access('cm_user');
DROP ROLE cm_user;
DROP TABLE cm_rows, cm_texts;
