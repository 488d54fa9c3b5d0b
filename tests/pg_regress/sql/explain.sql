SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

CREATE TABLE ex_runs AS
SELECT i, 'kind' || i % 5 AS kind, i % 24 AS hour, (i * 37 % 100)::float8 AS noise, i % 7 = 0 AS wet,
       (10 + i % 5 * 3 + i % 24 * 0.5)::float8 AS minutes, CASE WHEN i % 24 >= 12 THEN 'late' ELSE 'early' END AS shift,
       'grade' || (i % 24 + i % 5) / 10 AS grade
  FROM generate_series(1, 2000) i;
SELECT count(*) FROM unnest(ARRAY['lightgbm', 'ridge']) a,
  altlas.train('ex_' || a, 'regression', 'SELECT kind, hour, noise, wet, minutes FROM ex_runs ORDER BY i', 'minutes', a, '{"seed": 1}');
SELECT count(*) FROM altlas.train('ex_shift', 'classification', 'SELECT kind, hour, noise, shift FROM ex_runs ORDER BY i', 'shift', 'lightgbm', '{"seed": 1}');
SELECT count(*) FROM altlas.train('ex_logistic', 'classification', 'SELECT kind, hour, noise, shift FROM ex_runs ORDER BY i', 'shift', 'logistic', '{"seed": 1}');
SELECT count(*) FROM altlas.train('ex_grade', 'classification', 'SELECT kind, hour, noise, grade FROM ex_runs ORDER BY i', 'grade', 'lightgbm', '{"seed": 1}');
SELECT m.name, count(*) AS background FROM altlas.background_row JOIN altlas.model_version USING (version_id) JOIN altlas.model m USING (model_id)
 WHERE m.name LIKE 'ex\_%' GROUP BY 1 ORDER BY 1;

-- What decides comes out; what does not adds next to nothing.
SELECT feature, value, round(contribution::numeric, 0) AS contribution, standard_error, class
  FROM altlas.explain('ex_ridge', '{"kind": "kind4", "hour": 23, "noise": 5, "wet": false}');
SELECT feature, value, abs(contribution) > 1 AS matters FROM altlas.explain('ex_lightgbm', (SELECT r FROM ex_runs r WHERE i = 119));
-- The contributions sum to the prediction less the base, and the prediction is the model's.
WITH e AS (
  SELECT m, i, sum(contribution) AS total, min(base) AS base, min(prediction) AS prediction, altlas.predict(m, r) AS predicted,
         count(DISTINCT base) AS bases
    FROM unnest(ARRAY['ex_lightgbm', 'ex_ridge']) m, (SELECT * FROM ex_runs WHERE i <= 40) r, altlas.explain(m, r)
   GROUP BY m, i, r)
SELECT m, count(*), max(abs(total - (prediction - base))) < 1e-9 AS sums, max(abs(prediction - predicted)) < 1e-4 AS is_the_prediction,
       count(DISTINCT base) AS bases FROM e GROUP BY m ORDER BY m;
-- A classifier: the log odds of the second class, or those of the class asked for.
SELECT sum(contribution) + min(base) > 0 AS likely, min(class) AS class, abs(1 / (1 + exp(-min(prediction))) - min(p[2])) < 1e-6 AS is_the_probability
  FROM altlas.explain('ex_shift', '{"kind": "kind1", "hour": 20, "noise": 5}'),
       altlas.predict_proba('ex_shift', '{"kind": "kind1", "hour": 20, "noise": 5}') p;
SELECT a.feature, a.contribution = -b.contribution AS opposite FROM altlas.explain('ex_logistic', '{"kind": "kind1", "hour": 20, "noise": 5}') a
  JOIN altlas.explain('ex_logistic', '{"kind": "kind1", "hour": 20, "noise": 5}', '{"class": "early"}') b USING (feature) ORDER BY 1;
SELECT DISTINCT class FROM altlas.explain('ex_grade', '{"kind": "kind4", "hour": 23, "noise": 5}');
SELECT DISTINCT class FROM altlas.explain('ex_grade', '{"kind": "kind4", "hour": 23, "noise": 5}', '{"class": "grade0"}');
-- On the scale of the answer values are sampled, and sum up nevertheless.
SELECT min(prediction) = min(p[2]) AS is_the_probability, abs(sum(contribution) - (min(prediction) - min(base))) < 1e-9 AS sums,
       bool_and(standard_error >= 0) AS errors
  FROM altlas.explain('ex_shift', '{"kind": "kind1", "hour": 20, "noise": 5}', '{"scale": "output", "pairs": 3}'),
       altlas.predict_proba('ex_shift', '{"kind": "kind1", "hour": 20, "noise": 5}') p;
-- The sampled values of a linear model are the exact ones.
SELECT max(abs(a.contribution - b.contribution)) < 1e-4 AS same FROM altlas.explain('ex_ridge', '{"kind": "kind4", "hour": 23, "noise": 5, "wet": null}') a
  JOIN altlas.explain('ex_ridge', '{"kind": "kind4", "hour": 23, "noise": 5, "wet": null}', '{"scale": "output"}') b USING (feature);
SELECT count(*), count(value) AS known FROM altlas.explain('ex_ridge', '{"kind": null, "hour": null, "noise": null, "wet": null}');
SELECT count(*) FROM altlas.explain('ex_ridge', NULL::jsonb);

-- A whole source.
SELECT count(*), count(DISTINCT ordinal) AS rows, min(key_value::int) AS first, count(DISTINCT feature) AS features
  FROM altlas.explain_source('ex_lightgbm', 'SELECT * FROM ex_runs WHERE i <= 25', 'i');
SELECT bool_and(s.contribution = e.contribution AND s.base = e.base) AS same
  FROM altlas.explain_source('ex_shift', 'SELECT * FROM ex_runs WHERE i <= 5', key => 'i', options => '{"class": "early"}') s
  JOIN ex_runs r ON r.i = s.key_value::int, altlas.explain('ex_shift', r, '{"class": "early"}') e WHERE e.feature = s.feature;

-- A model that was registered: rows to compare with are named. Sums in its graph are found.
CREATE TEMP TABLE ex_file AS SELECT string_agg(bytes, '' ORDER BY n) AS onnx
  FROM altlas.artefact_chunk WHERE sha256 = (SELECT sha256 FROM altlas.models WHERE name = 'ex_ridge');
SELECT altlas.register_model('ex_own', onnx, '{"task": "regression", "columns": ["a", "b", "c", "d", "e", "f", "g", "h"]}') FROM ex_file;
SELECT count(*) FROM altlas.explain('ex_own', '{"a": 1}'); \echo :LAST_ERROR_SQLSTATE

SELECT count(*), count(standard_error) AS sampled FROM altlas.explain('ex_own', '[1, 0, 0, 0, 0, 12, 3, 0]',
  '{"background": "SELECT i % 2 AS a, 0 AS b, 0 AS c, 0 AS d, 0 AS e, i AS f, i AS g, 0 AS h FROM generate_series(1, 20) i"}');

-- Importance.
SELECT feature, importance > 0.5 AS matters, lower <= importance AND importance <= upper AS inside, metric FROM altlas.importance('ex_lightgbm',
  'SELECT * FROM ex_runs', 'minutes', '{"repeats": 3, "seed": 5}') ORDER BY feature;
SELECT count(*) FROM (SELECT feature, importance FROM altlas.importance('ex_lightgbm', 'ex_runs', 'minutes', '{"repeats": 2, "seed": 5}')
  EXCEPT SELECT feature, importance FROM altlas.importance('ex_lightgbm', 'ex_runs', 'minutes', '{"repeats": 2, "seed": 5}')) d;
SELECT feature, importance > 0.3 AS matters, metric, baseline > 0.99 AS good FROM altlas.importance('ex_shift', 'ex_runs', 'shift') ORDER BY importance DESC LIMIT 1;
SELECT feature, importance > 0.3 AS matters, metric FROM altlas.importance('ex_shift', 'ex_runs', 'shift', '{"metric": "log_loss", "repeats": 1}') LIMIT 1;

-- Partial dependence.
SELECT value, round(mean::numeric, 0) AS mean, lower < upper AS wide FROM altlas.partial_dependence('ex_lightgbm', 'ex_runs', 'kind') ORDER BY value;
SELECT count(*), min(number), max(number), bool_and(mean > before) AS rises
  FROM (SELECT number, mean, coalesce(lag(mean) OVER (ORDER BY number), 0) AS before
          FROM altlas.partial_dependence('ex_ridge', 'ex_runs', 'hour', 5)) p;
SELECT number, round(mean::numeric, 1) AS mean, class FROM altlas.partial_dependence('ex_shift', 'ex_runs', 'hour', 24) WHERE number IN (2, 21);

-- Counterfactuals.
SELECT feature, value, changed, label FROM altlas.counterfactual('ex_shift', '{"kind": "kind1", "hour": 9, "noise": 5}', '"late"');
SELECT feature, changed FROM altlas.counterfactual('ex_shift', '{"kind": "kind1", "hour": 9, "noise": 5}', '"late"', '{"fixed": ["hour"], "max_changes": 1}');
SELECT count(*) FROM altlas.counterfactual('ex_shift', '{"kind": "kind1", "hour": 20, "noise": 5}', '"late"');
SELECT string_agg(feature, ', ' ORDER BY feature) AS features, min(prediction) <= 12 AS reached
  FROM altlas.counterfactual('ex_lightgbm', (SELECT r FROM ex_runs r WHERE i = 119), '{"max": 12}', '{"max_changes": 2}');
SELECT count(*) FROM altlas.counterfactual('ex_ridge', (SELECT r FROM ex_runs r WHERE i = 119), '{"min": 1000}');

-- Bad input.
SELECT * FROM altlas.explain('ex_none', '{}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.explain('ex_ridge', '{"kind": "kind4"}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.explain('altlas.task_type', '{"a": 1}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.explain('ex_shift', '{"kind": "kind1", "hour": 9, "noise": 5}'::jsonb, '{"class": "noon"}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.explain('ex_ridge', '{"kind": "kind1", "hour": 9, "noise": 5, "wet": true}'::jsonb, '{"class": "noon"}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.explain('ex_ridge', '{"kind": "kind4"}'::jsonb, '{"pairs": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.explain('ex_ridge', '{"kind": "kind4"}'::jsonb, '{"colour": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.explain('ex_ridge', '{"kind": "kind1", "hour": 9, "noise": 5, "wet": true}'::jsonb, '{"background": "SELECT * FROM ex_runs"}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.explain_source('ex_ridge', 'SELECT kind FROM ex_runs'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.explain_source('ex_ridge', 'SELECT * FROM ex_runs', 'no'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.importance('ex_ridge', 'ex_runs', 'minutes', '{"metric": "accuracy"}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.importance('ex_ridge', 'ex_runs', 'minutes', '{"max_rows": 10}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.partial_dependence('ex_ridge', 'ex_runs', 'colour'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.partial_dependence('ex_ridge', 'ex_runs', 'hour', 1); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.partial_dependence('ex_grade', 'ex_runs', 'hour'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.counterfactual('ex_shift', '{"kind": "kind1", "hour": 9, "noise": 5}'::jsonb, '"noon"'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.counterfactual('ex_shift', '{"kind": "kind1", "hour": 9, "noise": 5}'::jsonb, '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.counterfactual('ex_shift', '{"kind": "kind1", "hour": 9, "noise": 5}'::jsonb, '"late"', '{"fixed": ["colour"]}'); \echo :LAST_ERROR_SQLSTATE
DROP TABLE ex_runs, ex_file;
