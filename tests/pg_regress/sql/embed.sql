SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
-- Tiny encoders and tokenizers, made by scripts/reference/text_models.py.
CREATE TEMP TABLE file (name text PRIMARY KEY, bytes bytea);
\set QUIET on
\set ECHO none
\set encoder `base64 -w0 "$PG_ABS_SRCDIR/../../crates/altlas-tokens/tests/data/encoder.onnx"`
\set classifier `base64 -w0 "$PG_ABS_SRCDIR/../../crates/altlas-tokens/tests/data/classifier.onnx"`
\set words `base64 -w0 "$PG_ABS_SRCDIR/../../crates/altlas-tokens/tests/data/wordpiece.json"`
\set others `base64 -w0 "$PG_ABS_SRCDIR/../../crates/altlas-tokens/tests/data/bytes.json"`
INSERT INTO file SELECT name, decode(text, 'base64') FROM (VALUES
  ('encoder', :'encoder'), ('classifier', :'classifier'), ('words', :'words'), ('others', :'others')) f (name, text);
\set ECHO all
CREATE FUNCTION file(name text) RETURNS bytea LANGUAGE sql RETURN (SELECT bytes FROM file f WHERE f.name = $1);
CREATE FUNCTION short(real[]) RETURNS text LANGUAGE sql IMMUTABLE
RETURN (SELECT string_agg(round(v::numeric, 3)::text, ' ') FROM unnest($1[1:4]) v);

-- A pair of graph and tokenizer; what the manifest does not say is found.
SELECT altlas.register_text_model('e_mean', file('encoder'), file('words'));
SELECT altlas.register_text_model('e_cls', file('encoder'), file('words'), '{"preprocess": {"pooling": "cls", "normalize": false, "max_length": 12}}');
SELECT altlas.register_text_model('e_class', file('classifier'), file('words'), '{"labels": ["calm", "rain", "storm"]}');
SELECT altlas.register_text_model('e_prefix', file('encoder'), file('words'), '{"preprocess": {"prefix": "Open: "},
  "test_vectors": [{"input": "x", "output": [1, 2]}]}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_text_model('e_mean', file('encoder'), file('words'), '{"test_vectors": [{"input": "Delete the old logs.", "output":
  [0.0013762627, 0.39696452, -0.050160713, 0.56510288, -0.66371065, -0.18519045, 0.11559278, -0.17997462]}]}');
SELECT name, version, task, aliases FROM altlas.models WHERE name LIKE 'e\_%' ORDER BY 1, 2;
SELECT m.name, v.preprocess - 'tokenizer' AS document, v.preprocess ->> 'tokenizer' = v.tokenizer AS named
  FROM altlas.model_version v JOIN altlas.model m USING (model_id) WHERE name IN ('e_mean', 'e_class') AND version = 1 ORDER BY 1;

-- One text.
SELECT short(altlas.embed('Delete the old logs.', 'e_mean')), array_length(altlas.embed('x', 'e_mean'), 1) AS width;
SELECT short(altlas.embed('Eski kayıtları sil.', 'e_cls')) AS cls, short(altlas.embed('', 'e_mean')) AS empty,
       altlas.embed(NULL, 'e_mean') IS NULL AS null_text, short(altlas.embed(E'\u0001\u200bcontrol', 'e_mean')) AS control;
SET altlas.embedding_model = 'e_mean';
SELECT short(altlas.embed('Delete the old logs.')) AS by_setting;
RESET altlas.embedding_model;
SELECT altlas.embed('x'); \echo :LAST_ERROR_SQLSTATE

-- A model that labels tokens gives no vector of a text.
SELECT altlas.register_text_model('e_token', file('encoder'), file('words'), '{"preprocess": {"pooling": "tokens"}}');
SELECT task FROM altlas.models WHERE name = 'e_token';
SELECT altlas.embed('x', 'e_token'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('e_token', 'x'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_text_model('e_token', file('encoder'), file('words'), '{"preprocess": {"pooling": "tokens"},
  "test_vectors": [{"input": "x", "output": [1, 2]}]}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.drop_alias('e_token', 'production');
SELECT altlas.drop_version('e_token', 1);

-- Many texts.
SELECT ordinal, short(embedding), tokens, truncated
  FROM altlas.embed_array(ARRAY['x', NULL, 'Delete the old logs.', '', repeat('Send ', 80)], 'e_mean');
SELECT count(*) FROM altlas.embed_array('{}', 'e_mean');
SELECT count(*) FROM altlas.embed_array(NULL, 'e_mean');
CREATE TABLE e_document (id bigint, body text);
INSERT INTO e_document VALUES (9007199254740993, 'Send it to the customer.'), (2, NULL), (3, 'x');
SELECT ordinal, short(embedding), tokens, truncated, key_value FROM altlas.embed_all('SELECT body FROM e_document', 'e_mean');
SELECT ordinal, short(embedding), key_value FROM altlas.embed_all('SELECT id, body FROM e_document ORDER BY id', 'e_mean', key => 'id');
SELECT count(*) FROM altlas.embed_all('e_document', 'e_mean', 'id');
-- More than a frame, with gaps: each text has its own vector.
SELECT count(*) AS rows, count(e.embedding) AS texts, count(*) FILTER (WHERE e.key_value::int <> e.ordinal) AS misplaced
  FROM altlas.embed_all('SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE repeat(''Open the file '', i % 11) || i END AS body FROM generate_series(1, 3000) i',
                        'e_mean', key => 'i') e;
SET altlas.on_truncation = 'ignore';
SELECT count(*) AS checked, count(*) FILTER (WHERE short(e.embedding) IS DISTINCT FROM short(altlas.embed(t.body, 'e_mean'))) AS different
  FROM altlas.embed_all('SELECT i, repeat(''Open the file '', i % 11) || i AS body FROM generate_series(1, 1500) i', 'e_mean', 'i') e
  JOIN (SELECT i, repeat('Open the file ', i % 11) || i AS body FROM generate_series(1, 1500) i) t ON t.i = e.key_value::int WHERE t.i % 10 = 0;
RESET altlas.on_truncation;
SELECT count(*), count(embedding) FROM altlas.embed_all('SELECT NULL::text FROM generate_series(1, 10000)', 'e_mean');

-- Truncation is told.
SELECT count(altlas.embed(repeat('Send ', 80), 'e_mean')) FROM generate_series(1, 3);
SET altlas.on_truncation = 'error';
SELECT altlas.embed(repeat('Send ', 80), 'e_mean'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.embed_array(ARRAY['x', repeat('Send ', 80)], 'e_mean'); \echo :LAST_ERROR_SQLSTATE
SET altlas.on_truncation = 'ignore';
SELECT short(altlas.embed(repeat('Send ', 80), 'e_mean')) = short(altlas.embed(repeat('Send ', 79), 'e_mean')) AS same;
SET altlas.on_truncation = 'shorten'; \echo :LAST_ERROR_SQLSTATE
RESET altlas.on_truncation;

-- Classifiers through the same functions as others.
SELECT altlas.predict_label('e_class', 'Delete the old logs.') AS label, (SELECT array_agg(round(p::numeric, 4)) FROM unnest(altlas.predict_proba('e_class', 'Delete the old logs.')) p) AS proba;
SELECT label, array_length(proba, 1) AS classes, model_version FROM altlas.predict_row('e_class', 'Eski kayıtları sil.');
SELECT rank, label, round(confidence::numeric, 4) AS confidence, model_version FROM altlas.classify_task('Eski kayıtları sil.', 'e_class', 3);
SELECT altlas.predict_label('e_class', repeat('Send ', 80));
SELECT altlas.predict('e_class', 'x'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_label('e_class', ARRAY[1, 2]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('e_mean', 'x'); \echo :LAST_ERROR_SQLSTATE
SELECT ordinal, key_value, label FROM altlas.score('e_class', 'SELECT id, body FROM e_document', key => 'id');
SET altlas.on_truncation = 'ignore';
SELECT count(*) AS rows, count(*) FILTER (WHERE i % 10 = 0 AND label IS DISTINCT FROM altlas.predict_label('e_class', repeat('Open the file ', i % 11) || i)) AS different
  FROM altlas.score('e_class', 'SELECT i, repeat(''Open the file '', i % 11) || i AS body FROM generate_series(1, 2500) i', 'i') s,
       LATERAL (SELECT key_value::int AS i) k;
RESET altlas.on_truncation;
SELECT altlas.embed('x', 'e_class'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.embed('x', 'altlas.task_type'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.embed('x', 'e_nothing'); \echo :LAST_ERROR_SQLSTATE

-- Bad input.
\set VERBOSITY terse
SELECT altlas.register_text_model('e_bad', file('encoder'), file('others')); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT altlas.register_text_model('e_bad', file('encoder'), file('encoder')); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_text_model('e_bad', file('words'), file('words')); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_text_model('e_bad', file('encoder'), file('words'), '{"preprocess": {"max_size": 3}}'); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT altlas.register_text_model('e_bad', file('encoder'), file('words'), '{"preprocess": {"max_length": 100}}'); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT altlas.register_text_model('e_bad', file('encoder'), file('words'), '{"preprocess": {"output": "logits"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_text_model('e_bad', file('encoder'), NULL); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_text_model('e_bad', file('encoder'), ''::bytea); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('e_bad', file('encoder'), '{"preprocess": {"format": 1, "kind": "tokenizer"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_text_artefacts('e_bad', repeat('0', 64), repeat('0', 64)); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.embed_all('SELECT 1', 'e_mean'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.embed_all('SELECT id, body FROM e_document', 'e_mean'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.embed_all('SELECT id, body FROM e_document', 'e_mean', key => 'number'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.embed_all('DELETE FROM e_document', 'e_mean'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.embed_all(NULL, 'e_mean'); \echo :LAST_ERROR_SQLSTATE
SET altlas.max_text_bytes = 1024;
SELECT altlas.embed(repeat('x', 1025), 'e_mean'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.score('e_class', 'SELECT repeat(''x'', 1025)'); \echo :LAST_ERROR_SQLSTATE
RESET altlas.max_text_bytes;
SELECT array_length(altlas.embed(repeat('x ', 524288), 'e_cls'), 1) AS mebibyte;

-- Files that no version names any more are removed, others stay.
SELECT count(*) AS files FROM altlas.artefact WHERE sha256 IN (encode(sha256(file('encoder')), 'hex'), encode(sha256(file('words')), 'hex'));
SELECT altlas.register_text_artefacts('e_again', encode(sha256(file('encoder')), 'hex'), encode(sha256(file('words')), 'hex'));
DO $$
DECLARE v record;
BEGIN
    FOR v IN SELECT name, version, aliases FROM altlas.models WHERE name IN ('e_mean', 'e_cls', 'e_again') LOOP
        IF v.aliases IS NOT NULL THEN PERFORM altlas.drop_alias(v.name, a) FROM unnest(v.aliases) a; END IF;
        PERFORM altlas.drop_version(v.name, v.version);
    END LOOP;
END $$;
SELECT (SELECT count(*) FROM altlas.artefact WHERE sha256 = encode(sha256(file('encoder')), 'hex')) AS encoder,
       (SELECT count(*) FROM altlas.artefact WHERE sha256 = encode(sha256(file('words')), 'hex')) AS words;
SELECT altlas.drop_alias('e_class', 'production');
SELECT altlas.drop_version('e_class', 1);
SELECT count(*) AS words FROM altlas.artefact WHERE sha256 = encode(sha256(file('words')), 'hex');
DROP TABLE e_document;
DROP FUNCTION file(text), short(real[]);
