SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

CREATE TABLE xp_runs AS
SELECT i, 'kind' || i % 5 AS kind, i % 24 AS hour, (10 + i % 5 * 3 + i % 24 * 0.5)::float8 AS minutes FROM generate_series(1, 1000) i;
SELECT run_id AS first FROM altlas.train('xp', 'regression', 'SELECT kind, hour, minutes FROM xp_runs ORDER BY i', 'minutes', 'lightgbm', '{"seed": 7}') \gset
SELECT run_id AS second FROM altlas.train('xp', 'regression', 'SELECT kind, hour, minutes FROM xp_runs ORDER BY i', 'minutes', 'ridge', '{"seed": 7}') \gset

-- The same training gives the same bytes and figures.
SELECT item, same FROM altlas.reproduce(:first) ORDER BY item COLLATE "C";
SELECT count(*) FROM altlas.models WHERE name = 'xp';
SELECT action, after -> 'same' AS same FROM altlas.audit WHERE object = 'xp' AND action = 'reproduce';
-- Other rows are refused, with both hashes.
UPDATE xp_runs SET minutes = minutes + 1 WHERE i = 500;
SELECT * FROM altlas.reproduce(:first); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.reproduce(0); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.reproduce(NULL); \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT * FROM altlas.reproduce(:first); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- What is known of a run.
SELECT requested_algorithm, threads > 0 AS threads, graph_sha256 = (SELECT sha256 FROM altlas.models WHERE name = 'xp' AND version = 1) AS graph,
       peak_memory_bytes > 1e6 AS memory, duration > interval '0' AS duration, submitted_by = current_user AS who
  FROM altlas.training_runs WHERE run_id = :first;
SELECT item, count(DISTINCT run_id) AS runs, bool_and(same) AS same FROM altlas.compare_runs(ARRAY[:first, :second])
 WHERE item IN ('project', 'algorithm', 'data_sha256', 'graph_sha256', 'options.seed', 'metrics.mae', 'hyperparams.num_leaves', 'library.altlas') GROUP BY item ORDER BY item COLLATE "C";
SELECT value, same FROM altlas.compare_runs(ARRAY[:second, :first]) WHERE item = 'algorithm';
SELECT bool_and(same) AS same_as_itself FROM altlas.compare_runs(ARRAY[:first]);
SELECT count(*) FROM altlas.compare_runs('{0}');

-- MLflow's layout, as rows.
SELECT regexp_replace(regexp_replace(path, '[0-9a-f]{32}', '<run>'), '^[0-9]+', '<experiment>') AS path, length(content) > 0 AS has_content
  FROM altlas.export_mlflow(:first) WHERE path ~ 'meta|model|metrics/mae|params/(seed|algorithm)|tags/altlas.row_count' ORDER BY 1;
SELECT sha256(content) = decode(graph_sha256, 'hex') AS is_the_model
  FROM altlas.export_mlflow(:first), altlas.training_runs WHERE run_id = :first AND path ~ 'model.onnx$';
SELECT * FROM altlas.export_mlflow(0); \echo :LAST_ERROR_SQLSTATE

-- And back.
SELECT i.run_id AS third, i.project FROM (SELECT array_agg(path) AS paths, array_agg(content) AS contents FROM altlas.export_mlflow(:first)) f,
  altlas.import_mlflow(f.paths, f.contents) i \gset
SELECT item, same FROM altlas.compare_runs(ARRAY[:first, :third]) WHERE item ~ '^(metrics|project|algorithm|target|source|data_sha256|row_count|task|score)' GROUP BY 1, 2 ORDER BY item COLLATE "C";
SELECT count(*) FROM altlas.import_mlflow('{}', '{}');
SELECT count(*) FROM altlas.import_mlflow('{1/meta.yaml}', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.import_mlflow('{1/a/meta.yaml,1/a/metrics/mae}', ARRAY['run_id: a', '1 2 0']::bytea[]); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.import_mlflow('{1/meta.yaml,1/a/meta.yaml,1/a/metrics/mae}', ARRAY['name: xp', 'run_id: a', 'soon']::bytea[]); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.import_mlflow('{1/meta.yaml,1/a/meta.yaml,1/a/metrics/mae}', ARRAY['name: xp', 'run_id: a', '1 2 0']::bytea[], 'rmse'); \echo :LAST_ERROR_SQLSTATE
SELECT run_id AS other, project, mlflow_run FROM altlas.import_mlflow('{7/meta.yaml,7/b/meta.yaml,7/b/metrics/val/loss,7/b/params/depth}',
  ARRAY[E'name: ''xp_b''\n', E'run_id: b\nstart_time: 1700000000000\nuser_id: ann', E'1 0.9 0\n2 0.5 1\n', '3']::bytea[]) \gset
SELECT :'project' AS project, :'mlflow_run' AS mlflow_run, metric, score, options, submitted_by, started_at FROM altlas.training_runs WHERE run_id = :other;
SELECT * FROM altlas.reproduce(:other); \echo :LAST_ERROR_SQLSTATE

-- What was known of earlier tasks.
CREATE TABLE xp_tasks (n int, who text, kind text, at timestamptz, done timestamptz, took interval);
INSERT INTO xp_tasks VALUES
  (1, 'a', 'x', '2024-01-01 00:00', '2024-01-01 01:00', '1 hour'), (2, 'a', 'x', '2024-01-01 00:30', '2024-01-01 03:00', '2 hours'),
  (3, 'a', 'y', '2024-01-01 01:00', '2024-01-01 01:10', '10 minutes'), (4, 'a', 'x', '2024-01-01 04:00', NULL, NULL),
  (5, 'b', 'x', '2024-01-01 05:00', '2024-01-01 05:00', '0'), (6, NULL, 'x', '2024-01-01 06:00', '2024-01-01 05:30', '1 hour'),
  (7, 'b', 'x', '2024-01-01 05:00', '2024-01-01 07:00', '2 hours');
SELECT altlas.task_history_query('xp_tasks', 'at', 'done', 'took', ARRAY['who', 'who + kind']) AS query \gset
SELECT n, who_count, round(exp(who_last)) - 1 AS who_last, round(exp(who_mean2)) - 1 AS who_mean2, who_since, who_kind_count, round(exp(who_kind_mean5)) - 1 AS who_kind_mean5
  FROM (:query) q ORDER BY n;
-- Every feature is what a query by its definition gives.
CREATE TABLE xp_jobs AS SELECT i AS n, 'u' || i * i % 7 AS who, i * 10 + i % 3 AS at, i * 10 + i * 37 % 200 AS done, (i * 37 % 200)::float8 AS took FROM generate_series(1, 400) i;
SELECT altlas.task_history_query('SELECT * FROM xp_jobs', 'at', 'done', 'took', ARRAY['who']) AS query \gset
SELECT count(*), bool_and(q.who_count = d.count) AS counts, bool_and(q.who_mean5 IS NOT DISTINCT FROM d.mean5 OR abs(q.who_mean5 - d.mean5) < 1e-9) AS means,
       bool_and(q.who_since IS NOT DISTINCT FROM d.since) AS since
  FROM (:query) q, LATERAL (SELECT count(*), avg(ln(1 + took)) FILTER (WHERE rank <= 5) AS mean5, min(q.at - o.till) AS since
    FROM (SELECT *, greatest(done, at) AS till, row_number() OVER (ORDER BY greatest(done, at) DESC, n DESC) AS rank FROM xp_jobs WHERE who = q.who AND greatest(done, at) < q.at) o) d;
SELECT altlas.task_history_query('xp_jobs', 'at', 'done', 'took', ARRAY['colour']); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.task_history_query('xp_jobs', 'who', 'done', 'took', ARRAY['who']); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.task_history_query('xp_jobs', 'at', 'done', 'took', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.task_history_query('DELETE FROM xp_jobs', 'at', 'done', 'took', ARRAY['who']); \echo :LAST_ERROR_SQLSTATE
DROP TABLE xp_runs, xp_tasks, xp_jobs;
