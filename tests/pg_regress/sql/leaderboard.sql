SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;

CREATE TABLE lb_rows AS
SELECT i, 'kind' || i % 5 AS kind, i % 24 AS hour, i % 5 * 3 + i % 24 * 0.5 + (i * 7919 % 101) / 100.0 AS minutes, i % 5 >= 3 AS slow
  FROM generate_series(1, 600) i;
-- A search, its trials and the constants.
SELECT version, algorithm, metric, score < baseline AS better FROM altlas.train('lb_minutes', 'regression',
  'SELECT kind, hour, minutes FROM lb_rows', 'minutes', 'ridge',
  '{"search": {"method": "grid", "space": {"alpha": [1, 100, 100000]}}, "validation": {"kind": "kfold", "folds": 4}}');
SELECT rank, algorithm, hyperparams, metric, lower < score AND score < upper AS inside, baseline, version, seconds >= 0 AS timed
  FROM altlas.leaderboard('lb_minutes');
SELECT report -> 'validation' ->> 'kind' AS kind, jsonb_array_length(report -> 'validation' -> 'scores') AS folds, report -> 'metric' AS metric
  FROM altlas.training_runs WHERE project = 'lb_minutes';
-- Candidates of all trainings of the project.
SELECT version, algorithm, metric, deployed FROM altlas.train('lb_minutes', 'regression',
  'SELECT kind, hour, minutes FROM lb_rows', 'minutes', 'decision_tree');
SELECT rank = 1 AS first, algorithm, version FROM altlas.leaderboard('lb_minutes') WHERE NOT baseline AND version IS NOT NULL ORDER BY version;
SELECT count(*), count(DISTINCT run_id) AS runs, max(rank) <= count(*) AS ranks FROM altlas.leaderboard('lb_minutes');
-- A worse model is not deployed, whichever way the metric counts.
SELECT version, algorithm, metric, deployed FROM altlas.train('lb_slow', 'classification', 'SELECT kind, hour, slow FROM lb_rows', 'slow', 'random_forest');
SELECT version, algorithm, metric, deployed FROM altlas.train('lb_slow', 'classification', 'SELECT hour, slow FROM lb_rows', 'slow', 'naive_bayes');
SELECT algorithm, metric, baseline, version FROM altlas.leaderboard('lb_slow') ORDER BY version, algorithm;
-- One of each, and what they say of a row.
SELECT t.project, t.metric, t.deployed
  FROM unnest(ARRAY['linear', 'lasso', 'elasticnet', 'extra_trees', 'mlp', 'knn', 'svm_linear', 'svm_rbf']) a (algorithm)
 CROSS JOIN LATERAL altlas.train('lb_each_' || a.algorithm, 'regression', 'SELECT kind, hour, minutes FROM lb_rows', 'minutes', a.algorithm) t;
SELECT m.name, altlas.predict(m.name, r) BETWEEN 10 AND 18 AS near
  FROM altlas.models m, (SELECT kind, hour FROM lb_rows WHERE i = 21) r WHERE m.name LIKE 'lb\_each\_%' ORDER BY 1;
-- Clusters need no target.
SELECT version, algorithm, metric, score > 0.2 AS apart, baseline, deployed FROM altlas.train('lb_clusters', 'clustering', 'SELECT kind, hour FROM lb_rows');
SELECT rank, metric, version FROM altlas.leaderboard('lb_clusters') WHERE rank = 1;
SELECT count(*) = 1 AS one_number FROM (SELECT DISTINCT altlas.predict_label('lb_clusters', r) = altlas.predict('lb_clusters', r)::text AS same
  FROM (SELECT kind, hour FROM lb_rows LIMIT 50) r) s WHERE same;
SELECT version, algorithm, metric, score > 0 AS apart FROM altlas.train('lb_clusters', 'clustering', 'SELECT kind, hour FROM lb_rows', algorithm => 'gmm',
  options => '{"hyperparams": {"k": 3}}');
SELECT * FROM altlas.train('lb_bad', 'clustering', 'lb_rows', 'minutes'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('lb_bad', 'clustering', 'lb_rows', algorithm => 'magic'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.leaderboard('lb_nothing');
SELECT * FROM altlas.leaderboard(NULL);
-- Mistakes.
SELECT * FROM altlas.train('lb_bad', 'regression', 'lb_rows', 'minutes', 'ridge', '{"search": {"space": {"colour": [1]}}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('lb_bad', 'regression', 'lb_rows', 'minutes', 'linear', '{"search": {}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('lb_bad', 'regression', 'lb_rows', 'minutes', 'knn', '{"hyperparams": {"k": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('lb_bad', 'regression', 'lb_rows', 'minutes', 'ridge', '{"validation": {"kind": "group"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('lb_bad', 'classification', 'lb_rows', 'slow', 'lasso'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('lb_bad', 'regression', 'lb_rows', 'minutes', 'isolation_forest'); \echo :LAST_ERROR_SQLSTATE
-- Who may read, may see it.
CREATE ROLE lb_reader;
SELECT altlas.grant_access('lb_reader', 'read');
SET ROLE lb_reader;
SELECT count(*) > 0 AS seen FROM altlas.leaderboard('lb_minutes');
RESET ROLE;
SELECT altlas.revoke_access('lb_reader');
SET ROLE lb_reader;
SELECT count(*) FROM altlas.leaderboard('lb_minutes'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP ROLE lb_reader;
DROP TABLE lb_rows;
