SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

CREATE TABLE tt_examples AS
SELECT i, format(v.said, (ARRAY['rent', 'bank', 'report', 'doctor', 'invoice', 'window', 'school', 'calendar'])[1 + i / 12 % 8], i) AS request,
       v.intent, v.number, v.intent = 'pay' AS pays
  FROM generate_series(0, 359) i
  JOIN (VALUES (0, 'pay the %s of %s', 'pay', 10), (1, 'transfer money for the %s, number %s', 'pay', 10), (2, '%s faturasını öde, no %s', 'pay', 10),
               (3, 'call the %s at %s', 'call', 9), (4, 'ring up the %s on line %s', 'call', 9), (5, '%s ile görüşmek için %s numarayı ara', 'call', 9),
               (6, 'open the %s of day %s', 'open', 11), (7, 'show me the %s on page %s', 'open', 11), (8, '%s sayfasını aç, sayfa %s', 'open', 11),
               (9, 'is it cold on the %s today or %s', 'none', 0), (10, 'why are cats so odd, %s, %s', 'none', 0), (11, 'sing a song about the %s %s', 'none', 0))
       v (n, said, intent, number) ON v.n = i % 12;

-- Without rows out of scope.
SELECT project, version, algorithm, metric, score > 0.9 AS good, baseline < 0.5 AS base, deployed
  FROM altlas.train('tt_intents', 'text_classification', 'SELECT request, intent FROM tt_examples WHERE intent <> ''none''', 'intent', 'ngrams');
SELECT c.rank, c.label, c.confidence BETWEEN 0.4 AND 1 AS sure, c.model_version FROM altlas.classify_task('please transfer the money for the invoice', 'tt_intents') c;
SELECT t AS input, altlas.predict_label('tt_intents', t) AS label
  FROM (VALUES ('pay the rent of 5'), ('okul numarasını ara'), ('show me the report'), (NULL)) v (t);
SELECT count(*) AS ranks, round(sum(confidence)::numeric, 3) AS total FROM altlas.classify_task('pay the rent', 'tt_intents', 10);
SELECT name, task, algorithm, columns FROM altlas.models WHERE name = 'tt_intents';
SELECT f.key FROM altlas.training_runs r, jsonb_object_keys(r.report -> 'metrics') f (key) WHERE project = 'tt_intents' ORDER BY 1;
SELECT l ->> 'label' AS label, l ->> 'rows' AS rows, (l ->> 'f1')::float8 > 0.8 AS good
  FROM altlas.training_runs r, jsonb_array_elements(r.report -> 'by_label') l WHERE project = 'tt_intents' ORDER BY 1;

-- With them: no label, but a confidence.
SELECT algorithm, score > 0.9 AS good, deployed
  FROM altlas.train('tt_scoped', 'text_classification', 'SELECT request, intent FROM tt_examples', 'intent', 'ngrams', '{"out_of_scope": "none", "seed": 7}');
SELECT (report #>> '{metrics,out_of_scope_recall}')::float8 > 0.7 AS caught, report -> 'labels' AS labels, report #> '{rejection,out_of_scope}' AS none
  FROM altlas.training_runs WHERE project = 'tt_scoped';
SELECT rank, label, confidence < 0.5 AS unsure FROM altlas.classify_task('why are cats so odd', 'tt_scoped', 2);
SELECT rank, label FROM altlas.classify_task('why are cats so odd', 'tt_scoped');
SELECT altlas.predict_label('tt_scoped', 'why are cats so odd') IS NULL AS rejected, label IS NULL AS row_too, array_length(proba, 1) AS labels
  FROM altlas.predict_row('tt_scoped', 'why are cats so odd');
SELECT count(*) AS rejected FROM altlas.score('tt_scoped', 'SELECT request FROM tt_examples WHERE i < 24 ORDER BY i') WHERE label IS NULL;
SELECT count(altlas.predict_label('tt_scoped', request)) AS labels, count(*) AS rows FROM tt_examples WHERE intent = 'pay' AND i < 120;
SELECT task_type FROM altlas.segment_text('Pay the rent of 5', model => 'tt_scoped');

-- Labels that are numbers or booleans; the same rows, options and seed give the same bytes.
SELECT score > 0.9 AS good FROM altlas.train('tt_number', 'text_classification', 'SELECT request, number FROM tt_examples', 'number', 'linear',
  '{"out_of_scope": "0", "hyperparams": {"c": 16}}');
SELECT altlas.predict('tt_number', 'pay the rent of 5'), altlas.predict('tt_number', 'why are cats so odd') IS NULL AS rejected;
SELECT version FROM altlas.train('tt_same', 'text_classification', 'SELECT request, pays FROM tt_examples ORDER BY i', 'pays', 'ngrams', '{"hyperparams": {"c": 16}}');
SELECT version FROM altlas.train('tt_same', 'text_classification', 'SELECT request, pays FROM tt_examples ORDER BY i', 'pays', 'ngrams', '{"hyperparams": {"c": 16}}');
SELECT count(*) AS versions, count(DISTINCT sha256) AS distinct_files FROM altlas.models WHERE name = 'tt_same';

-- Rows without text or label are left out, and told.
SELECT count(*) FROM altlas.train('tt_holes', 'text_classification',
  'SELECT nullif(request, ''pay the rent of 0'') AS request, nullif(intent, ''none'') AS intent FROM tt_examples', 'intent', 'ngrams', '{"hyperparams": {"c": 1}}');
SELECT report -> 'warnings' -> 0 AS warning, row_count, report -> 'rows' AS used FROM altlas.training_runs WHERE project = 'tt_holes';

-- Bad input.
\set tt 'SELECT * FROM altlas.train(''tt_bad'', ''text_classification'', '
:tt 'SELECT request, intent FROM tt_examples LIMIT 0', 'intent'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples WHERE i < 12', 'intent'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples WHERE intent = ''pay''', 'intent'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT ''t '' || n AS t, ''l'' || n % 10000 AS l FROM generate_series(1, 20000) n', 'l'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, CASE WHEN i < 3 THEN ''l'' || i ELSE intent END AS intent FROM tt_examples', 'intent'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples', 'intend'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent, request AS again FROM tt_examples', 'intent'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT number, intent FROM tt_examples', 'intent'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, now() AS at FROM tt_examples', 'at'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, i / 7.0 AS part FROM tt_examples', 'part'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples', 'intent', 'lightgbm'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples', 'intent', options => '{"out_of_scope": "nothing"}'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples', 'intent', options => '{"class_weights": {"sing": 2}}'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples', 'intent', options => '{"max_withheld": 2}'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT request, intent FROM tt_examples', 'intent', options => '{"colour": 2}'); \echo :LAST_ERROR_SQLSTATE
:tt 'SELECT repeat(''x '', 600000) AS t, i % 2 AS l FROM tt_examples', 'l'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.train_async('tt_bad', 'text_classification', 'SELECT repeat(''x '', 600000) AS t, i % 2 AS l FROM tt_examples', 'l'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) AS bad FROM altlas.models WHERE name = 'tt_bad';
DROP TABLE tt_examples;
