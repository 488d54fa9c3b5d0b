SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';
SET extra_float_digits = 0;

-- Three tasks a command, each after the one before. What runs on "old" fails twice as often and waits longer; large ones take thrice as long.
CREATE TABLE at_runs AS
SELECT n AS task_id, n / 3 AS command_id, (ARRAY['search', 'create', 'open'])[n % 3 + 1] AS task_type,
       CASE WHEN n % 10 < CASE WHEN n % 2 = 0 THEN 4 ELSE 2 END THEN 'failed' WHEN n % 97 = 0 THEN 'cancelled' ELSE 'completed' END AS status,
       timestamptz '2026-01-05' + n * interval '100 s' AS queued_at,
       timestamptz '2026-01-05' + n * interval '100 s' + CASE WHEN n % 2 = 0 THEN interval '30 s' ELSE interval '2 s' END AS started_at,
       (10 + n % 7) * CASE WHEN n % 5 < 2 THEN 3 ELSE 1 END AS seconds,
       CASE WHEN n % 2 = 0 THEN 'old' ELSE 'new' END AS resource,
       CASE WHEN n % 2 = 0 THEN 'old' ELSE 'new' END AS machine, n % 5 < 2 AS large, (n * 37) % 101 AS age
  FROM generate_series(0, 599) AS n;
CREATE VIEW at_ended AS SELECT *, started_at + seconds * interval '1 s' AS ended_at FROM at_runs;
CREATE VIEW at_waits AS SELECT task_id, task_id - 1 AS depends_on FROM at_runs WHERE task_id % 3 > 0;

CREATE TABLE at_found AS
SELECT row_number() OVER () AS n, * FROM altlas.analyze_tasks('SELECT * FROM at_ended', '{"factors": ["machine", "large", "age"], "dependencies": "at_waits"}');
SELECT section, item, measure, round(value::numeric, 3) AS value, round(lower::numeric, 3) AS lower, round(upper::numeric, 3) AS upper, sample_count AS count
  FROM at_found WHERE section NOT LIKE '%factor' ORDER BY n;
SELECT section, item, measure, round(value::numeric, 3) AS value, round(lower::numeric, 3) AS lower, round(upper::numeric, 3) AS upper, sample_count AS count,
       round(p_value::numeric, 4) AS p
  FROM at_found WHERE section LIKE '%factor' ORDER BY n;
-- The same by other names, and by a number of seconds.
SELECT section, item, measure, value FROM altlas.analyze_tasks('SELECT task_type AS kind, seconds AS duration, status = ''failed'' AS failed FROM at_runs', '{"columns": {"task_type": "kind"}}')
 WHERE section = 'overall';
-- A cycle ends nothing.
SELECT measure, value FROM altlas.analyze_tasks('SELECT task_type, task_id::text, seconds AS duration FROM at_runs WHERE task_id < 4',
  '{"dependencies": "VALUES (''0'', ''1''), (''1'', ''0''), (''3'', ''2''), (''9'', ''1'')"}') WHERE section = 'graph'; \echo :LAST_ERROR_SQLSTATE
SELECT measure, value FROM altlas.analyze_tasks('SELECT task_type, task_id::text, seconds AS duration FROM at_runs WHERE task_id < 4',
  '{"dependencies": "SELECT * FROM (VALUES (''0'', ''1''), (''1'', ''0''), (''3'', ''2''), (''9'', ''1'')) AS d (task_id, depends_on)"}') WHERE section = 'graph';
SELECT section, measure, value FROM altlas.analyze_tasks('SELECT * FROM at_ended WHERE false');
-- What is wrong is said.
\set VERBOSITY terse
SELECT altlas.analyze_tasks(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('SELECT 1 AS one'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"colour": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"columns": {"kind": "task_type"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"columns": {"failed": "nothing"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"columns": {"failed": "status"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"factors": ["nothing"]}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"confidence": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"min_runs": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.analyze_tasks('at_ended', '{"dependencies": "at_runs"}'); \echo :LAST_ERROR_SQLSTATE
CREATE ROLE at_nobody;
SELECT altlas.grant_access('at_nobody', 'score');
SET ROLE at_nobody;
SELECT altlas.analyze_tasks('at_ended'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT altlas.revoke_access('at_nobody');
DROP ROLE at_nobody;
DROP TABLE at_found;
DROP TABLE at_runs CASCADE;
