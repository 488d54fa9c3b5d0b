SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

-- Numbers of jobs depend on what ran before in this database.
CREATE TABLE jb_rows AS
SELECT i, 'kind' || i % 5 AS kind, i % 24 AS hour, i % 5 * 3 + i % 24 * 0.5 AS minutes FROM generate_series(1, 3000) i;
SELECT altlas.train_async('jb_later', 'regression', 'SELECT kind, hour, minutes FROM jb_rows', 'minutes', 'linear') AS training \gset
SELECT altlas.wait_job(:training);
SELECT project, version, algorithm, metric, score < baseline / 2 AS better_than_baseline, deployed FROM altlas.train_result(:training);
SELECT kind, label, state, phase, done > 0 AS some, attempts, error_code, error, submitted_at <= started_at AS in_order, expires_at - ended_at AS kept
  FROM altlas.job_status(:training);

-- Columns are matched by name, whatever their order and whatever else there is.
SELECT altlas.submit('jb_later', 'SELECT i AS more, hour, kind FROM jb_rows ORDER BY i') AS job \gset
SELECT altlas.wait_job(:job);
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(j.value - altlas.predict('jb_later', r)) < 1e-6) AS equal, min(j.ordinal), max(j.ordinal),
       min(j.model_version) AS model_version, count(j.label) AS labels
  FROM altlas.job_result(:job) j JOIN jb_rows r ON r.i = j.ordinal;
SELECT kind, label, state, phase, done, total, rate > 0 AS rate, attempts FROM altlas.job_status(:job);
SELECT kind, label, role = current_user AS mine, state, done, total, percent, ended_at >= started_at AS ended FROM altlas.jobs WHERE job_id IN (:job, :training) ORDER BY job_id;
SELECT altlas.cancel_job(:job), altlas.cancel_job(-1);

-- Rolled back, nothing happens. (Messages have the job's number.)
\set VERBOSITY sqlstate
BEGIN;
SELECT altlas.submit('jb_later', 'jb_rows') AS lost \gset
SELECT state FROM altlas.job_status(:lost);
SELECT altlas.wait_job(:lost); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT state FROM altlas.job_status(:lost); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.job_input;

-- A text column named otherwise than the model's is taken when it is the only one; a NULL has no score.
SELECT altlas.submit('altlas.task_type', $$SELECT t FROM (VALUES (1, 'open the file'), (2, NULL), (3, 'write the report')) v (n, t) ORDER BY n$$) AS texts \gset
SELECT altlas.wait_job(:texts, '1 minute');
SELECT ordinal, value, label, cardinality(proba) AS classes, model_version FROM altlas.job_result(:texts);

-- Told while the submitter waits.
\set VERBOSITY default
SELECT altlas.submit('jb_nothing', 'jb_rows'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('jb_later', 'SELECT hour FROM jb_rows'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('altlas.task_type', 'SELECT 1 AS text'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('altlas.task_type', 'SELECT 1 AS a, 2 AS b'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('altlas.task_type', $$SELECT repeat('word ', 300000)$$); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('jb_later', 'DELETE FROM jb_rows'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('jb_later', 'jb_rows', '{"attempts": 2}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('jb_later', 'jb_rows', '{"max_attempts": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit(NULL, 'jb_rows'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.submit('jb_later', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.train_async('jb bad', 'regression', 'jb_rows', 'minutes'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.train_async('jb_bad', 'regression', 'jb_rows', NULL); \echo :LAST_ERROR_SQLSTATE
SET altlas.max_job_input = '64kB';
SELECT altlas.submit('jb_later', 'SELECT kind, hour FROM jb_rows, generate_series(1, 10)'); \echo :LAST_ERROR_SQLSTATE
RESET altlas.max_job_input;
BEGIN READ ONLY;
SELECT altlas.submit('jb_later', 'jb_rows'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- Told afterwards.
SELECT altlas.train_async('jb_bad', 'regression', 'jb_rows', 'nothing') AS bad \gset
SELECT altlas.wait_job(:bad);
SELECT state, attempts, error_code, error FROM altlas.job_status(:bad);
\set VERBOSITY sqlstate
SELECT * FROM altlas.train_result(:bad); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.job_result(:training); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train_result(:job); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.job_result(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.job_status(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.wait_job(:job, NULL); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.job_status(-1); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.job_input;
DROP TABLE jb_rows;
