SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;

-- Arrays of numbers are features, element by element.
CREATE TABLE ar_rows AS
SELECT i, CASE WHEN i % 20 > 0 THEN ARRAY[i % 7, i % 11, 5, nullif(i % 5, 0)]::real[] END AS past, ARRAY[i % 3, i % 2]::int[] AS flags,
       (i % 7) * 2 + (i % 11) * 0.5 + (i % 3) + (i * 7919 % 101) / 1000.0 AS took
  FROM generate_series(1, 500) i ORDER BY i;
SELECT version, algorithm, metric, score < baseline / 3 AS better FROM altlas.train('ar_took', 'regression', 'SELECT past, flags, took FROM ar_rows', 'took', 'lightgbm');
SELECT report -> 'columns' AS columns FROM altlas.training_runs WHERE project = 'ar_took';
SELECT max(abs(altlas.predict('ar_took', r) - took)) < 8 AS near FROM ar_rows r WHERE past IS NOT NULL;
-- A row, an object, an array, another type of array: one answer.
SELECT count(DISTINCT p) FROM (SELECT altlas.predict('ar_took', r) AS p FROM (SELECT ARRAY[1, 2, 5, NULL]::numeric[] AS past, ARRAY[1, 0]::smallint[] AS flags) r
 UNION ALL SELECT altlas.predict('ar_took', '{"past": [1, 2, 5, null], "flags": [1, 0]}'::jsonb)
 UNION ALL SELECT altlas.predict('ar_took', '{"past": [1, 2, 5, null], "flags": [1, 0]}'::text)
 UNION ALL SELECT altlas.predict('ar_took', ARRAY[1, 2, 5, NULL, 1, 0])
 UNION ALL SELECT altlas.predict('ar_took', '{"past[1]": 1, "past[2]": 2, "past[3]": 5, "past[4]": null, "flags": [1, 0]}'::jsonb)) s;
SELECT altlas.predict('ar_took', '{"past": null, "flags": [1, 0]}'::jsonb) = altlas.predict('ar_took', r) AS same
  FROM (SELECT NULL::real[] AS past, ARRAY[1, 0] AS flags) r;
SELECT count(*) AS scored FROM altlas.score('ar_took', 'SELECT past, flags FROM ar_rows') WHERE value IS NOT NULL;
SELECT sum(p - q) AS difference FROM (SELECT altlas.predict('ar_took', r) AS p, altlas.predict_batched('ar_took', r) OVER () AS q FROM ar_rows r) s;
-- Components and clusters of embeddings.
SELECT algorithm, metric, score > 0.5 AS most FROM altlas.train('ar_parts', 'decomposition', 'SELECT past FROM ar_rows', options => '{"hyperparams": {"n_components": 2}}');
SELECT altlas.predict_vector('ar_parts', r) IS NOT NULL AS given FROM ar_rows r LIMIT 1;
-- The array is left out by its name.
SELECT count(*) FROM altlas.train('ar_some', 'regression', 'SELECT past, flags, took FROM ar_rows', 'took', 'ridge', '{"preprocess": {"exclude": ["flags"]}}');
SELECT report -> 'columns' AS columns FROM altlas.training_runs WHERE project = 'ar_some';
SELECT * FROM altlas.train('ar_bad', 'regression', 'SELECT past, took FROM ar_rows', 'took', 'ridge', '{"preprocess": {"exclude": ["past[2]"]}}'); \echo :LAST_ERROR_SQLSTATE
-- Lengths differ, dimensions, nothing known, types.
SELECT * FROM altlas.train('ar_bad', 'regression', 'SELECT CASE WHEN i = 100 THEN ARRAY[1] ELSE ARRAY[1, i] END AS a, took FROM ar_rows', 'took', 'ridge'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ar_bad', 'regression', 'SELECT ARRAY[[1, i]] AS a, took FROM ar_rows', 'took', 'ridge'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ar_bad', 'regression', 'SELECT NULL::int[] AS a, 1 AS took FROM generate_series(1, 10001)', 'took', 'ridge'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ar_bad', 'regression', 'SELECT array_fill(i, ARRAY[5000]) AS a, took FROM ar_rows', 'took', 'ridge'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('ar_bad', 'regression', 'SELECT ARRAY[''a'', ''b''] AS a, took FROM ar_rows', 'took', 'ridge'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('ar_took', r) FROM (SELECT ARRAY[1, 2, 5]::real[] AS past, ARRAY[1, 0] AS flags) r; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('ar_took', '{"past": [1, 2, 5, 4, 3], "flags": [1, 0]}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('ar_took', '{"past": [1, 2, 5], "flags": [1, 0]}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.score('ar_took', 'SELECT ARRAY[1, 2] AS past, ARRAY[1, 0] AS flags'); \echo :LAST_ERROR_SQLSTATE
DROP TABLE ar_rows;
