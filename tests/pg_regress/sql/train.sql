SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

SELECT setseed(0.5);
CREATE TABLE tr_runs AS
SELECT i, 'kind' || i % 5 AS kind, i % 24 AS hour, timestamptz '2024-01-01 UTC' + i * interval '1 hour' AS started_at,
       (10 + i % 5 * 3 + i % 24 * 0.5 + random()) * interval '1 minute' AS took,
       10 + i % 5 * 3 + i % 24 * 0.5 + random() AS minutes, i % 5 >= 3 AS slow
  FROM generate_series(1, 3000) i;
SELECT project, version, metric, score < baseline / 2 AS better_than_baseline, deployed FROM altlas.train('tr_took', 'regression',
  'SELECT kind, hour, started_at, took FROM tr_runs', 'took');
SELECT version, algorithm, deployed FROM altlas.train('tr_took', 'regression', 'SELECT kind, hour, started_at, took FROM tr_runs', 'took', 'lightgbm',
  '{"hyperparams": {"num_trees": 3}}');
SELECT name, version, task, algorithm, aliases, columns FROM altlas.models WHERE name LIKE 'tr\_%' ORDER BY 1, 2;
-- The same rows, options and seed give the same bytes.
SELECT count(*) FROM generate_series(1, 2),
  altlas.train('tr_same', 'regression', 'SELECT kind, hour, minutes FROM tr_runs ORDER BY i', 'minutes', 'lightgbm', '{"seed": 7}') t;
SELECT count(*) AS versions, count(DISTINCT sha256) AS distinct_files FROM altlas.models WHERE name = 'tr_same';
SELECT metric, score > 0.95 AS good FROM altlas.train('tr_slow', 'classification', 'SELECT kind, hour, slow FROM tr_runs', 'slow');
SELECT altlas.predict_label('tr_slow', r) AS slow, count(*) FROM (SELECT kind, hour FROM tr_runs LIMIT 50) r GROUP BY 1 ORDER BY 1;
SELECT round(avg(abs(altlas.predict('tr_same', r) - minutes))::numeric, 0) AS mae_minutes FROM (SELECT * FROM tr_runs LIMIT 200) r;

-- Durations.
SELECT estimate BETWEEN lower AND upper AS inside, upper - lower < interval '3 minutes' AS narrow, coverage, model_version
  FROM altlas.predict_duration('{"kind": "kind3", "hour": 5, "started_at": "2024-03-01 10:00+00", "more": 1}', 'tr_took');
SELECT count(*) FROM altlas.predict_duration(NULL, 'tr_took');
SELECT * FROM altlas.predict_duration('{"kind": "kind3"}', 'tr_took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.predict_duration('{"kind": 3, "hour": 5, "started_at": "2024-03-01 10:00+00"}', 'tr_took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5, "started_at": "soon"}', 'tr_took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5}', 'tr_same'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5}', 'tr_took', 1.5); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.predict_duration('[]', 'tr_took'); \echo :LAST_ERROR_SQLSTATE
SELECT unit, coverage, model_version, lower < estimate AND estimate < upper AS between
  FROM altlas.predict_interval('tr_took', '{"kind": "kind3", "hour": 5, "started_at": "2024-03-01 10:00+00"}', 0.8);
SELECT count(*) FROM altlas.predict_interval('tr_took', NULL);
SELECT * FROM altlas.predict_interval('altlas.task_type', '{"kind": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.predict_interval('tr_took', '{"kind": "kind3"}', 0); \echo :LAST_ERROR_SQLSTATE
SELECT upper IS NULL AS no_bound FROM altlas.predict_duration('{"kind": "kind3", "hour": 5, "started_at": "2024-03-01 10:00+00"}', 'tr_took', 0.9999);

-- Bad input.
SELECT * FROM altlas.train('tr_bad', 'regresion', 'tr_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'ranking', 'tr_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'tok'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took', 'magic'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took', options => '{"sede": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took', 'lightgbm', '{"hyperparams": {"trees": 1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'kind'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'no_such_table', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT nothing FROM tr_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT took FROM tr_runs LIMIT 0', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT took, kind FROM tr_runs LIMIT 3', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT 1; SELECT 2', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'DELETE FROM tr_runs RETURNING took', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'WITH d AS (DELETE FROM tr_runs RETURNING took) SELECT * FROM d', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT ''{}''::jsonb AS j, took FROM tr_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', '', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr bad', 'regression', 'tr_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('tr_took', 'classification', 'SELECT kind, hour, slow FROM tr_runs', 'slow'); \echo :LAST_ERROR_SQLSTATE
SET altlas.max_source_rows = 1000;
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT kind, took FROM tr_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
RESET altlas.max_source_rows;
BEGIN READ ONLY;
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT count(*) AS runs, count(DISTINCT project) AS projects, bool_and(row_count = 3000) AS all_rows FROM altlas.training_runs WHERE project LIKE 'tr\_%';
SELECT count(*) AS rows_still_there FROM tr_runs;
SELECT action, object FROM altlas.audit WHERE object LIKE 'tr\_%' ORDER BY audit_id;
SELECT DISTINCT kind, label, state FROM altlas.jobs WHERE label LIKE 'tr_s%' ORDER BY 2;
SELECT altlas.cancel_job(999999), altlas.cancel_job(-1);
SELECT altlas.cancel_job(NULL); \echo :LAST_ERROR_SQLSTATE
DROP TABLE tr_runs;
