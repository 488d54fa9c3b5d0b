-- install_task_schema: the tables of a task platform, in a schema of the user's.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

SELECT altlas.install_task_schema('Ops "1"');
SELECT c.relname, count(*) AS columns, obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE c.relnamespace = '"Ops ""1"""'::regnamespace AND c.relkind = 'r' GROUP BY c.oid, c.relname ORDER BY c.relname COLLATE "C";
-- They are the caller's, not the extension's, and the search_path is as before.
SELECT count(*) AS of_the_extension FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_class'::regclass
   AND objid IN (SELECT oid FROM pg_class WHERE relnamespace = '"Ops ""1"""'::regnamespace);
SHOW search_path;

SET search_path = "Ops ""1""";
INSERT INTO commands (text, language, submitted_at) VALUES ('Bir makale yazıp PDF olarak kaydet', 'tr', '2024-05-01 10:00+00') RETURNING id;
INSERT INTO tasks (command_id, ordinal, content, task_type, priority) VALUES (1, 1, 'Bir makale yaz', 'create', 0.5), (1, 2, 'PDF olarak kaydet', 'execute', 0.5);
INSERT INTO task_dependencies (task_id, depends_on) VALUES (2, 1);
INSERT INTO task_runs (task_id, status, queued_at, started_at, ended_at) VALUES (1, 'completed', '2024-05-01 10:00+00', '2024-05-01 10:00:01+00', '2024-05-01 10:00:09+00'),
    (2, 'failed', '2024-05-01 10:00:10+00', '2024-05-01 10:00:11+00', '2024-05-01 10:01:11+00');
-- What the checks refuse.
INSERT INTO tasks (content, task_type) VALUES ('dance', 'dance');
INSERT INTO tasks (content, task_type, priority) VALUES ('x', 'search', 1.5);
INSERT INTO task_dependencies (task_id, depends_on) VALUES (1, 1);
INSERT INTO task_runs (task_id, attempt, status, queued_at, started_at, ended_at) VALUES (1, 2, 'completed', '2024-05-02', '2024-05-02', '2024-05-01');
INSERT INTO task_runs (task_id, attempt, status, queued_at) VALUES (1, 2, 'done', '2024-05-02');
RESET search_path;
-- A KPI on them.
SELECT altlas.define_kpi('task_success', '{"kind": "ratio", "time_column": "ended_at", "numerator": "ok", "direction": "up", "warn": 0.8, "critical": 0.4,
    "source": "SELECT ended_at, status = ''completed'' AS ok FROM \"Ops \"\"1\"\"\".task_runs"}');
SELECT period_start, value, status, sample_count FROM altlas.kpi_rollup('task_success');

-- Nothing is made when a table is there.
SELECT altlas.install_task_schema('Ops "1"');
CREATE SCHEMA half;
CREATE VIEW half.tasks AS SELECT 1;
SELECT altlas.install_task_schema('half');
SELECT count(*) FROM pg_class WHERE relnamespace = 'half'::regnamespace;
SELECT altlas.install_task_schema(NULL);
SELECT altlas.install_task_schema('');
SELECT altlas.install_task_schema('pg_tasks');
-- Made as the caller: a role without the right to make schemas cannot.
CREATE ROLE regress_altlas_tasks;
SET client_min_messages = warning;
SELECT altlas.grant_access('regress_altlas_tasks', 'train');
SET ROLE regress_altlas_tasks;
\set VERBOSITY sqlstate
SELECT altlas.install_task_schema('theirs');
\set VERBOSITY default
RESET ROLE;
CREATE SCHEMA theirs AUTHORIZATION regress_altlas_tasks;
SET ROLE regress_altlas_tasks;
SELECT altlas.install_task_schema('theirs');
RESET ROLE;
SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'theirs';

SELECT altlas.drop_kpi('task_success');
DROP SCHEMA "Ops ""1""", half, theirs CASCADE;
SELECT altlas.revoke_access('regress_altlas_tasks');
DROP ROLE regress_altlas_tasks;
