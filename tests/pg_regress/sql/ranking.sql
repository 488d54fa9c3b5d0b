SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;

-- Tasks of a day in the order in which they should be done.
CREATE TABLE ra_tasks AS
SELECT i, i % 60 AS day, i % 3 = 0 AS urgent, i * 7919 % 13 AS hours, least(3, greatest(0, CASE WHEN i % 3 = 0 THEN 2 ELSE 1 END + 1 - (i * 7919 % 13) / 4)) AS priority
  FROM generate_series(1, 900) i;
SELECT version, algorithm, metric, score > 0.95 AS good, score > baseline + 0.1 AS better, deployed FROM altlas.train('ra_first', 'ranking',
  'SELECT day, urgent, hours, priority FROM ra_tasks', 'priority', options => '{"validation": {"group": "day"}, "k": 5}');
SELECT report -> 'columns' AS columns, report -> 'training' -> 'group' AS "group", report -> 'metric' AS metric FROM altlas.training_runs WHERE project = 'ra_first';
SELECT altlas.predict('ra_first', '{"urgent": true, "hours": 1}') > altlas.predict('ra_first', '{"urgent": false, "hours": 12}') AS first;
SELECT corr(altlas.predict('ra_first', t), priority) > 0.8 AS along FROM ra_tasks t;
SELECT rank, algorithm, metric FROM altlas.leaderboard('ra_first') WHERE version IS NOT NULL;
-- Mistakes.
SELECT * FROM altlas.train('ra_bad', 'ranking', 'ra_tasks', 'priority'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ra_bad', 'ranking', 'ra_tasks'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ra_bad', 'ranking', 'ra_tasks', 'priority', 'knn', '{"validation": {"group": "day"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ra_bad', 'ranking', 'SELECT day, hours, priority - 1 AS priority FROM ra_tasks', 'priority', options => '{"validation": {"group": "day"}}'); \echo :LAST_ERROR_SQLSTATE
DROP TABLE ra_tasks;
