SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';
-- Tiny models, made with the Python packages onnx and skl2onnx.
CREATE TEMP TABLE file (name text PRIMARY KEY, bytes bytea);
\set QUIET on
\set ECHO none
INSERT INTO file VALUES ('linear', decode('CAgSCHNrbDJvbm54GgYxLjIwLjAiB2FpLm9ubngoADIAOroBCnMKAVgSCHZhcmlhYmxlGg9MaW5lYXJSZWdyZXNzb3IiD0xpbmVhclJlZ3Jlc3NvciogCgxjb2VmZmljaWVudHM9ij1Uvj00LWQ+PVEqBj+gAQYqFAoKaW50ZXJjZXB0cz1gE3a+oAEGOgphaS5vbm54Lm1sEhZPTk5YKExpbmVhclJlZ3Jlc3Npb24pWhEKAVgSDAoKCAESBgoACgIIA2IYCgh2YXJpYWJsZRIMCgoIARIGCgAKAggBQg4KCmFpLm9ubngubWwQAUIECgAQEUIECgAQEQ==', 'base64'));
INSERT INTO file VALUES ('classifier', decode('CAg6+gEKtwEKAVgSBWxhYmVsEgVwcm9iYSIQTGluZWFyQ2xhc3NpZmllciomChNjbGFzc2xhYmVsc19zdHJpbmdzSgRjYWxtSgZzdG9ybXmgAQgqJQoMY29lZmZpY2llbnRzPQAAgL89AAAAwD0AAIA/PQAAAECgAQYqGQoKaW50ZXJjZXB0cz0AAAC/PQAAAD+gAQYqHAoOcG9zdF90cmFuc2Zvcm0iB1NPRlRNQVigAQM6CmFpLm9ubngubWwSAWdaEQoBWBIMCgoIARIGCgAKAggCYhEKBWxhYmVsEggKBggIEgIKAGIVCgVwcm9iYRIMCgoIARIGCgAKAggCQgQKABARQg4KCmFpLm9ubngubWwQAw==', 'base64'));
INSERT INTO file VALUES ('sum', decode('CAg6awoYCgFiEgJiZiIEQ2FzdCoJCgJ0bxgBoAECChEKAWEKAmJmEgNzdW0iA0FkZBIBZ1oRCgFhEgwKCggBEgYKAAoCCAFaEQoBYhIMCgoIBxIGCgAKAggBYhMKA3N1bRIMCgoIARIGCgAKAggBQgQKABAR', 'base64'));
\set ECHO all

SELECT altlas.register_model('p_linear', bytes, '{"task": "regression", "columns": ["a", "b", "c"]}') FROM file WHERE name = 'linear';
SELECT altlas.register_model('p_plain', bytes) FROM file WHERE name = 'linear';
SELECT altlas.register_model('p_storm', bytes, '{"task": "classification", "columns": ["wind", "rain"]}') FROM file WHERE name = 'classifier';
SELECT altlas.register_model('p_sum', bytes) FROM file WHERE name = 'sum';

-- The four forms.
SELECT round(altlas.predict('p_linear', ARRAY[5.1, 3.5, 1.4])::numeric, 5) AS numeric_array,
       round(altlas.predict('p_linear', ARRAY[5, 3, 1])::numeric, 5) AS int_array,
       round(altlas.predict('p_linear', '{"a": 5.1, "b": 3.5, "c": 1.4}'::jsonb)::numeric, 5) AS object,
       round(altlas.predict('p_linear', '[5.1, 3.5, 1.4]'::jsonb)::numeric, 5) AS list,
       round(altlas.predict('p_linear', '{"a": 5.1, "b": 3.5, "c": 1.4}')::numeric, 5) AS unknown_literal;
SELECT round(altlas.predict('p_linear', r)::numeric, 5) AS by_name
  FROM (VALUES (1.4::real, 'ignored', 3.5::numeric, 5.1::float8, ARRAY[1])) r (c, d, b, a, e);
SELECT round(altlas.predict('p_linear/1', ARRAY[5.1, 3.5, 1.4])::numeric, 5) AS version,
       round(altlas.predict('p_linear@production', ARRAY[5.1, 3.5, 1.4])::numeric, 5) AS alias;
SELECT altlas.predict_label('p_storm', ARRAY[1, 1]), altlas.predict_label('p_storm', '{"wind": -1, "rain": -1}'::jsonb);
SELECT (SELECT array_agg(round(p::numeric, 5)) FROM unnest(altlas.predict_proba('p_storm', ARRAY[0.1, 0.2])) p) AS proba;
SELECT label, model_version, array_length(proba, 1) AS classes, value FROM altlas.predict_row('p_storm', ARRAY[1, 1]);
SELECT altlas.predict('p_sum', '{"a": 1.5, "b": 2}'::jsonb) AS two_inputs, altlas.predict('p_sum', ARRAY[1.5, 2]) AS by_position;
SELECT round(sum(altlas.predict('p_linear', ARRAY[i, 1, 2]))::numeric, 2) FROM generate_series(1, 500) i;

-- NULL, NaN, infinity.
SELECT altlas.predict('p_linear', NULL::float8[]), altlas.predict('p_linear', NULL::jsonb), altlas.predict('p_linear', NULL::text),
       altlas.predict('p_linear', 'null'::jsonb);
SELECT count(*) AS rows FROM altlas.predict_row('p_linear', NULL::jsonb);
SELECT altlas.predict('p_linear', ARRAY[NULL, 1, 2]::float8[]) AS missing, altlas.predict('p_linear', ARRAY['NaN', 1, 2]::float8[]) AS nan,
       altlas.predict('p_linear', ARRAY['Infinity', 1, 2]::float8[]) AS infinite;
SELECT altlas.predict('p_sum', ARRAY[1.5, NULL]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict(NULL, ARRAY[1, 2, 3]); \echo :LAST_ERROR_SQLSTATE

-- Bad input.
SELECT altlas.predict('p_nothing', ARRAY[1]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear/7', ARRAY[1]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear@blue', ARRAY[1]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear/x', ARRAY[1]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', ARRAY[1, 2]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_plain', ARRAY[1, 2]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', ARRAY[]::float8[]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', '{"a": 1, "b": 2}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', '{"a": 1, "b": 2, "c": "x"}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', '"text"'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', 'not json'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_plain', '{"a": 1, "b": 2, "c": 3}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', r) FROM (VALUES (1, 2)) r (a, b); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_linear', r) FROM (VALUES (1, 2, '{}'::json)) r (a, b, c); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('p_storm', ARRAY[1, 1]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_label('p_linear', ARRAY[1, 2, 3]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_proba('p_linear', ARRAY[1, 2, 3]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_label('altlas.task_type', ARRAY[1, 2, 3]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('altlas.task_type', 'delete the old logs'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_label('altlas.task_type', 'delete the old logs');

-- Read-only transactions, parallel plans, prepared statements, PL/pgSQL.
BEGIN READ ONLY;
SELECT round(altlas.predict('p_linear', ARRAY[5.1, 3.5, 1.4])::numeric, 5);
COMMIT;
PREPARE p (text) AS SELECT round(altlas.predict($1, ARRAY[5.1, 3.5, 1.4])::numeric, 5);
EXECUTE p ('p_linear');
EXECUTE p ('p_nothing'); \echo :LAST_ERROR_SQLSTATE
EXECUTE p ('p_plain');
CREATE TEMP TABLE points AS SELECT i::float8 AS a, 1.0::float8 AS b, 2.0::float8 AS c FROM generate_series(1, 1000) i;
DO $$
BEGIN
    FOR i IN 1..3 LOOP
        RAISE INFO 'loop %: %', i, round(altlas.predict('p_linear', ARRAY[i, 0, 0])::numeric, 5);
    END LOOP;
END $$;
SELECT count(altlas.predict('p_linear', points)) FROM points;
-- An alias that changes within the transaction is seen by its next statement, and after a rollback no longer.
SELECT altlas.register_model('p_linear', bytes, '{"task": "regression", "columns": ["c", "b", "a"]}') FROM file WHERE name = 'linear';
BEGIN;
SELECT model_version FROM altlas.predict_row('p_linear', '{"a": 5.1, "b": 3.5, "c": 1.4}'::jsonb);
SAVEPOINT s;
SELECT altlas.set_alias('p_linear', 'production', 2);
SELECT model_version FROM altlas.predict_row('p_linear', '{"a": 5.1, "b": 3.5, "c": 1.4}'::jsonb);
ROLLBACK TO s;
SELECT model_version FROM altlas.predict_row('p_linear', '{"a": 5.1, "b": 3.5, "c": 1.4}'::jsonb);
COMMIT;
