SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
-- A network that knows some words by heart, made by scripts/reference/segmenter_model.py.
CREATE TEMP TABLE file (name text PRIMARY KEY, bytes bytea);
\set QUIET on
\set ECHO none
\set network `base64 -w0 "$PG_ABS_SRCDIR/../../crates/altlas-tokens/tests/data/segmenter.onnx"`
\set encoder `base64 -w0 "$PG_ABS_SRCDIR/../../crates/altlas-tokens/tests/data/encoder.onnx"`
\set words `base64 -w0 "$PG_ABS_SRCDIR/../../crates/altlas-tokens/tests/data/wordpiece.json"`
INSERT INTO file SELECT name, decode(text, 'base64') FROM (VALUES
  ('network', :'network'), ('encoder', :'encoder'), ('words', :'words')) f (name, text);
\set ECHO all
CREATE FUNCTION file(name text) RETURNS bytea LANGUAGE sql RETURN (SELECT bytes FROM file f WHERE f.name = $1);
SELECT altlas.register_text_model('n_network', file('network'), file('words'), '{"preprocess": {"pooling": "tokens", "max_length": 64}}');
SELECT altlas.register_text_model('n_encoder', file('encoder'), file('words'), '{"preprocess": {"pooling": "tokens"}}');

-- Spans and types are the network's where it is sure of all edges; dependencies, connectors, parameters and priority the rules'.
SELECT ordinal AS n, start_char AS s, end_char AS e, content, task_type AS type, priority AS p, parameters, depends_on AS deps, dependency_kind AS kind, connector
  FROM altlas.segment_text('Open the file {name}, search for errors and send it to the customer.', model => 'n_network');
SELECT ordinal AS n, content, task_type AS type, depends_on AS deps, connector, language
  FROM altlas.segment_text('dosyayı aç, hataları ara ve müşteriye gönder', model => 'n_network');
-- Where it is not, the spans are the rules', and the types both's.
SELECT ordinal AS n, content, task_type AS type, confidence AS sure, depends_on AS deps, connector, language
  FROM (VALUES ('Please open the file {name}, then search for errors and send it to the customer.'), ('Acil: dosyayı aç, sonra hataları ara ve müşteriye gönder')) v (t),
       altlas.segment_text(t, model => 'n_network');
SELECT DISTINCT regexp_replace(model_version, '@[0-9a-f]{8}\+', '@hash+') AS version FROM altlas.segment_text('Delete it.', model => 'n_network');
SELECT altlas.segment_svg('Open the file, then send it.', model => 'n_network') LIKE '%send it%' AS drawn;
-- An edge does not lie in a quotation, a file name or an address; code points are counted.
SELECT content, content = substr(t, start_char + 1, end_char - start_char) AS exact
  FROM (VALUES ('🚀 Delete "open, send and go" now'), ('send and.open.txt, delete https://a.example/x,send')) v (t), altlas.segment_text(t, model => 'n_network');
-- What the network cannot read at once is read in parts.
SELECT count(*) AS tasks, count(*) FILTER (WHERE depends_on <> '{}') AS waiting, max(ordinal) AS last
  FROM altlas.segment_text(repeat('Open the file, then search for errors. ', 300), model => 'n_network');
SELECT count(*) AS tasks FROM altlas.segment_text(repeat('delete the file and ', 2000), model => 'n_network');
SELECT count(*) AS tasks FROM altlas.segment_text(repeat('x', 100000), 'en', model => 'n_network');
-- Other languages have no tasks, sentences need no network.
SELECT count(*) AS tasks FROM altlas.segment_text('Open the file', 'und', model => 'n_network');
SELECT content, model_version FROM altlas.segment_text('Open the file. Send it.', granularity => 'sentence', model => 'n_network');

-- Rules alone.
SELECT content, task_type, confidence, model_version FROM altlas.segment_text('Vestiyerle kapıyı, sonra raporu sil', model => 'altlas.rules');
SELECT model_version FROM altlas.segment_text('delete it', model => 'altlas.task_type');

-- Many texts.
SELECT text_ordinal AS t, ordinal AS n, content, depends_on AS deps FROM altlas.segment_array(ARRAY['Open the file', NULL, '', 'Delete it, send it', 'Merhaba'], model => 'n_network');
SELECT text_ordinal AS t, ordinal AS n, content FROM altlas.segment_array(ARRAY['One. Two.', NULL, 'Three.'], granularity => 'sentence');
SELECT count(*) FROM altlas.segment_array(NULL);
CREATE TABLE n_message (id bigint, body text);
INSERT INTO n_message VALUES (9007199254740993, 'Open the file and send it.'), (2, NULL), (3, 'delete');
SELECT text_ordinal AS t, content, key_value FROM altlas.segment_all('SELECT id, body FROM n_message ORDER BY id', model => 'n_network', key => 'id');
SELECT text_ordinal AS t, content, key_value FROM altlas.segment_all('SELECT body FROM n_message', model => 'altlas.rules');
-- Together, one by one, in whatever order: the same segments.
WITH texts AS (SELECT i, repeat('Open the file, then search for errors. ', i % 40) || 'Delete ' || i AS body FROM generate_series(1, 400) i),
     alone AS (SELECT i, s.* FROM texts, LATERAL altlas.segment_text(body, model => 'n_network') s WHERE i % 20 = 0),
     together AS (SELECT * FROM altlas.segment_all('SELECT i, repeat(''Open the file, then search for errors. '', i % 40) || ''Delete '' || i AS body FROM generate_series(1, 400) i',
                                                   model => 'n_network', key => 'i'))
SELECT (SELECT count(*) FROM together) AS segments, count(*) AS compared, count(*) FILTER (WHERE t.content IS DISTINCT FROM a.content OR t.depends_on <> a.depends_on) AS different
  FROM alone a LEFT JOIN together t ON t.key_value::int = a.i AND t.ordinal = a.ordinal;

-- Bad input.
SELECT * FROM altlas.segment_text('Open it', model => 'n_encoder'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_array(ARRAY['x'], 'klingon'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_array(ARRAY['x'], granularity => 'word'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_array(ARRAY['x'], model => 'no_such_model'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_all(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_all('SELECT 1'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_all('DELETE FROM n_message'); \echo :LAST_ERROR_SQLSTATE
SET altlas.max_text_bytes = 1024;
SELECT * FROM altlas.segment_array(ARRAY[repeat('x', 1025)]); \echo :LAST_ERROR_SQLSTATE
RESET altlas.max_text_bytes;

DO $$
DECLARE v record;
BEGIN
    FOR v IN SELECT name, version, aliases FROM altlas.models WHERE name IN ('n_network', 'n_encoder') LOOP
        PERFORM altlas.drop_alias(v.name, a) FROM unnest(v.aliases) a;
        PERFORM altlas.drop_version(v.name, v.version);
    END LOOP;
END $$;
DROP TABLE n_message;
DROP FUNCTION file(text);
