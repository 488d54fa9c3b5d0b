SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;

-- Two dense groups, a line between nothing, and a few rows far away.
CREATE TABLE un_rows AS
SELECT i, CASE WHEN i % 40 = 7 THEN 500 + i ELSE i % 2 * 10 + (i * 7919 % 101) / 100.0 END AS x,
       CASE WHEN i % 40 = 7 THEN -i ELSE i % 2 * 5 + (i * 104729 % 97) / 100.0 END AS y, i % 40 = 7 AS odd
  FROM generate_series(1, 400) i;
-- Clusters by density: what is in none is -1.
SELECT version, algorithm, metric, score > 0.8 AS apart, baseline, deployed FROM altlas.train('un_dense', 'clustering', 'SELECT x, y FROM un_rows',
  algorithm => 'dbscan', options => '{"hyperparams": {"eps": 0.1}}');
SELECT altlas.predict_label('un_dense', r) AS cluster, bool_and(odd) AS odd, count(*) FROM un_rows r GROUP BY 1 ORDER BY 1;
SELECT report -> 'training' ->> 'noise' AS noise, report -> 'training' -> 'sizes' AS sizes FROM altlas.training_runs WHERE project = 'un_dense';
SELECT altlas.predict('un_dense', ARRAY[10.5, 5.5]) >= 0 AS near, altlas.predict('un_dense', ARRAY[100, 100]) AS far;
SELECT rank, algorithm, metric FROM altlas.leaderboard('un_dense');
-- Components of a row.
SELECT algorithm, metric, round(score::numeric, 6) AS score, baseline FROM altlas.train('un_shape', 'decomposition', 'SELECT x, y, x + y AS z FROM un_rows',
  options => '{"hyperparams": {"n_components": 2}}');
SELECT array_length(altlas.predict_vector('un_shape', r), 1) AS components FROM (SELECT x, y, x + y AS z FROM un_rows LIMIT 1) r;
SELECT abs(avg(p[1])) < 1e-4 AS centred, var_samp(p[1]) > var_samp(p[2]) AS ordered
  FROM (SELECT altlas.predict_vector('un_shape', jsonb_build_object('x', x, 'y', y, 'z', x + y)) AS p FROM un_rows) s;
SELECT altlas.predict_vector('un_shape', '{"x": 1, "y": 2, "z": 3}') = altlas.predict_vector('un_shape', ARRAY[1.0, 2, 3]) AS same;
SELECT altlas.predict_vector('un_shape', NULL::jsonb);
SELECT altlas.predict('un_shape', ARRAY[1.0, 2, 3]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_vector('un_dense', ARRAY[1.0, 2]); \echo :LAST_ERROR_SQLSTATE
SELECT jsonb_array_length(report -> 'training' -> 'explained_variance_ratio') AS ratios FROM altlas.training_runs WHERE project = 'un_shape';
-- By the engine the same.
CREATE TEMP TABLE un_here AS SELECT altlas.predict_vector('un_shape', ARRAY[1.0, 2, 3]) AS p;
SET altlas.compile_models = off;
SELECT abs(a.p[1] - b.p[1]) < 1e-4 AND abs(a.p[2] - b.p[2]) < 1e-4 AS same FROM un_here a, (SELECT altlas.predict_vector('un_shape', ARRAY[1.0, 2, 3]) AS p) b;
SELECT altlas.predict_label('un_dense', ARRAY[100.0, 100]) AS far;
RESET altlas.compile_models;
-- Rows unlike the others; what is known of them judges alone.
SELECT algorithm, metric, score > 0.3 AS agrees, baseline FROM altlas.train('un_odd', 'anomaly', 'SELECT x, y FROM un_rows',
  options => '{"hyperparams": {"contamination": 0.02}}');
SELECT algorithm, metric, score > 0.99 AS found, baseline, deployed FROM altlas.train('un_judged', 'anomaly', 'SELECT x, y, odd FROM un_rows', 'odd');
SELECT altlas.predict_label('un_odd', ARRAY[900.0, -400]) AS far, altlas.predict_label('un_odd', ARRAY[10.5, 5.5]) AS near,
       altlas.predict('un_odd', ARRAY[900.0, -400]) > altlas.predict('un_odd', ARRAY[10.5, 5.5]) AS higher;
-- Mistakes.
SELECT * FROM altlas.train('un_bad', 'decomposition', 'un_rows', 'x'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('un_bad', 'clustering', 'un_rows', algorithm => 'dbscan', options => '{"hyperparams": {"k": 3}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('un_bad', 'clustering', 'SELECT x, y FROM un_rows', algorithm => 'dbscan', options => '{"hyperparams": {"eps": 1e-9, "min_samples": 50}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('un_bad', 'decomposition', 'un_rows', options => '{"hyperparams": {"n_components": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('un_bad', 'anomaly', 'SELECT x, y, i::text AS what FROM un_rows', 'what'); \echo :LAST_ERROR_SQLSTATE
DROP TABLE un_rows;
