SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;

-- The built-in encoder.
SELECT manifest ->> 'task' AS task, preprocess ->> 'prefix' AS prefix, preprocess ->> 'pooling' AS pooling FROM altlas.builtin_model WHERE name = 'altlas.e5_small';
CREATE FUNCTION te_cosine(a real[], b real[]) RETURNS float8 LANGUAGE sql IMMUTABLE
  RETURN (SELECT sum(x::float8 * y::float8) FROM unnest(a, b) u (x, y));
CREATE TABLE te_vectors AS
SELECT v.text, altlas.embed(v.text, 'altlas.e5_small') AS vector
  FROM (VALUES ('What will the weather be like tomorrow?'), ('Yarın hava nasıl olacak?'), ('Transfer 20 euros to my landlord')) v (text);
SELECT array_length(vector, 1) AS width, round(te_cosine(vector, vector)::numeric, 4) AS squared FROM te_vectors;
SELECT te_cosine(a.vector, b.vector) > te_cosine(a.vector, c.vector) + 0.05 AS nearer
  FROM te_vectors a, te_vectors b, te_vectors c WHERE a.text LIKE 'What%' AND b.text LIKE 'Yar%' AND c.text LIKE 'Transfer%';
-- A vector does not depend on the texts beside it.
SELECT count(*) AS vectors, bool_and(te_cosine(e.embedding, v.vector) > 0.999999) AS same, bool_or(e.truncated) AS truncated
  FROM altlas.embed_all('SELECT text AS key, text FROM te_vectors', 'altlas.e5_small', 'key') e JOIN te_vectors v ON v.text = e.key_value;

-- Texts whose words are not those of the examples: the meaning is what they share.
CREATE TABLE te_examples AS
SELECT row_number() OVER () AS i, replace(t.said, '%', w.word) AS request, t.intent
  FROM (VALUES ('will it rain in %', 'weather'), ('how hot is it in % today', 'weather'), ('is there snow around %', 'weather'), ('%: sunny or cloudy?', 'weather'),
               ('send money to %', 'pay'), ('pay the bill of %', 'pay'), ('transfer 30 euros to %', 'pay'), ('settle my debt with %', 'pay'),
               ('play a song about %', 'music'), ('put on the album %', 'music'), ('I want to hear % sing', 'music'), ('next track of %', 'music'),
               ('why is % so odd', 'none'), ('who was born in %', 'none'), ('translate % for me', 'none')) t (said, intent),
       (VALUES ('Paris'), ('Anna'), ('Izmir'), ('Oslo'), ('Maria'), ('Lima'), ('Bert'), ('Kars')) w (word);
SELECT version, algorithm, metric, score >= 0.8 AS good, deployed
  FROM altlas.train('te_auto', 'text_classification', 'SELECT request, intent FROM te_examples WHERE intent <> ''none''', 'intent');
SELECT version, algorithm, score >= 0.8 AS good
  FROM altlas.train('te_encoder', 'text_classification', 'SELECT request, intent FROM te_examples', 'intent', 'encoder', '{"out_of_scope": "none", "hyperparams": {"c": 64}}');
SELECT version, algorithm
  FROM altlas.train('te_ngrams', 'text_classification', 'SELECT request, intent FROM te_examples WHERE intent <> ''none''', 'intent', 'ngrams', '{"hyperparams": {"c": 64}}');
SELECT t AS input, altlas.predict_label('te_auto', t) AS label
  FROM (VALUES ('yarın yağmur yağacak mı'), ('kiramı öde'), ('bana bir şarkı çal'), (NULL)) v (t);
-- Rows and sets give the same.
SELECT count(*) AS rows, count(*) FILTER (WHERE s.label IS NOT DISTINCT FROM altlas.predict_label('te_encoder', e.request)) AS same
  FROM altlas.score('te_encoder', 'SELECT request FROM te_examples ORDER BY i') s JOIN te_examples e ON e.i = s.ordinal;
SELECT count(*) AS rows, count(*) FILTER (WHERE label = intent) > 90 AS right
  FROM (SELECT intent, altlas.predict_label_batched('te_auto', request) OVER () AS label FROM te_examples WHERE intent <> 'none') s;
SELECT rank, label, confidence BETWEEN 0.3 AND 1 AS sure, model_version FROM altlas.classify_task('pay the bill of Anna', 'te_auto');
SELECT count(*) AS ranks FROM altlas.classify_task('pay the bill of Anna', 'te_auto', 3);
-- One version: a graph, and a document that names the encoder.
SELECT preprocess ->> 'kind' AS kind, preprocess #>> '{ngrams,kind}' AS ngrams, preprocess #>> '{embedding,name}' AS encoder,
       (SELECT b.sha256 = v.preprocess #>> '{embedding,model}' FROM altlas.builtin_model b WHERE b.name = 'altlas.e5_small') AS by_hash
  FROM altlas.model_version v JOIN altlas.model m USING (model_id) WHERE m.name LIKE 'te\_%' ORDER BY m.name;

-- Bad input.
SELECT altlas.predict('altlas.e5_small', 'a text'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.embed('a text', 'te_auto'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.train('te_bad', 'text_classification', 'SELECT request, intent FROM te_examples', 'intent', 'transformer'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.drop_version(name, version) FROM (VALUES ('te_encoder', 1)) v (name, version); \echo :LAST_ERROR_SQLSTATE
DROP TABLE te_examples, te_vectors;
DROP FUNCTION te_cosine;
