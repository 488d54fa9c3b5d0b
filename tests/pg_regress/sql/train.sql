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
SELECT name, version, task, algorithm, aliases, columns FROM altlas.models WHERE name LIKE 'tr%' ORDER BY 1, 2;
-- The same rows, options and seed give the same bytes.
SELECT count(DISTINCT sha256) AS distinct_models FROM
  (SELECT altlas.train('tr_same', 'regression', 'SELECT kind, hour, minutes FROM tr_runs ORDER BY i', 'minutes', 'lightgbm', '{"seed": 7}') FROM generate_series(1, 2)) t,
  altlas.models m WHERE m.name = 'tr_same';
SELECT algorithm, metric, score > 0.95 AS good FROM altlas.train('tr_slow', 'classification', 'SELECT kind, hour, slow FROM tr_runs', 'slow');
SELECT altlas.predict_label('tr_slow', r) AS slow, count(*) FROM (SELECT kind, hour FROM tr_runs LIMIT 50) r GROUP BY 1 ORDER BY 1;
SELECT round(avg(abs(altlas.predict('tr_same', r) - minutes))::numeric, 0) AS mae_minutes FROM (SELECT * FROM tr_runs LIMIT 200) r;

-- Durations.
SELECT estimate BETWEEN lower AND upper AS inside, upper - lower < interval '3 minutes' AS narrow, coverage, model_version
  FROM altlas.predict_duration('{"kind": "kind3", "hour": 5, "started_at": "2024-03-01 10:00+00", "more": 1}', 'tr_took');
SELECT count(*) FROM altlas.predict_duration(NULL, 'tr_took');
SELECT * FROM altlas.predict_duration('{"kind": "kind3"}', 'tr_took');
SELECT * FROM altlas.predict_duration('{"kind": 3, "hour": 5, "started_at": "2024-03-01 10:00+00"}', 'tr_took');
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5, "started_at": "soon"}', 'tr_took');
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5}', 'tr_same');
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5}');
SELECT * FROM altlas.predict_duration('{"kind": "kind3", "hour": 5}', 'tr_took', 1.5);
SELECT * FROM altlas.predict_duration('[]', 'tr_took');
SELECT upper IS NULL AS no_bound FROM altlas.predict_duration('{"kind": "kind3", "hour": 5, "started_at": "2024-03-01 10:00+00"}', 'tr_took', 0.9999);

-- Bad input.
SELECT * FROM altlas.train('tr_bad', 'regresion', 'tr_runs', 'took');
SELECT * FROM altlas.train('tr_bad', 'ranking', 'tr_runs', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'tok');
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took', 'magic');
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took', options => '{"sede": 1}');
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took', 'lightgbm', '{"hyperparams": {"trees": 1}}');
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'kind');
SELECT * FROM altlas.train('tr_bad', 'regression', 'no_such_table', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT nothing FROM tr_runs', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT took FROM tr_runs LIMIT 0', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT took, kind FROM tr_runs LIMIT 3', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT 1; SELECT 2', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'DELETE FROM tr_runs RETURNING took', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'WITH d AS (DELETE FROM tr_runs RETURNING took) SELECT * FROM d', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT ''{}''::jsonb AS j, took FROM tr_runs', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', '', 'took');
SELECT * FROM altlas.train('tr bad', 'regression', 'tr_runs', 'took');
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', NULL);
SELECT * FROM altlas.train('tr_took', 'classification', 'SELECT kind, hour, slow FROM tr_runs', 'slow');
SET altlas.max_source_rows = 1000;
SELECT * FROM altlas.train('tr_bad', 'regression', 'SELECT kind, took FROM tr_runs', 'took');
RESET altlas.max_source_rows;
BEGIN READ ONLY;
SELECT * FROM altlas.train('tr_bad', 'regression', 'tr_runs', 'took');
ROLLBACK;
SELECT count(*) AS runs, count(DISTINCT project) AS projects, bool_and(row_count = 3000) AS all_rows FROM altlas.training_runs WHERE project LIKE 'tr%';
SELECT count(*) AS rows_still_there FROM tr_runs;
SELECT action, object FROM altlas.audit WHERE object LIKE 'tr%' ORDER BY audit_id;
SELECT DISTINCT kind, label, state FROM altlas.jobs WHERE label LIKE 'tr_s%' ORDER BY 2;
SELECT altlas.cancel_job(999999), altlas.cancel_job(-1);
SELECT altlas.cancel_job(NULL);
DROP TABLE tr_runs;
