-- Sets of rows: windows, arrays, sources. The models are those that predict.sql registered.
SET timezone = 'UTC';
CREATE TEMP TABLE rows AS
SELECT i AS id, i / 10.0 AS a, (i % 7)::int AS b, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 3 END::numeric AS c,
       ARRAY[i / 10.0, i % 7, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 3 END]::float8[] AS v,
       i - 500.0 AS wind, (i - 500) / 4.0 AS rain
  FROM generate_series(1, 1000) i;

-- A window reads rows ahead; it answers as the row form does, in every order, partition and batch size.
SELECT count(*) AS rows, count(s) AS answers,
       count(*) FILTER (WHERE s IS DISTINCT FROM altlas.predict('p_linear', rows)) AS other_than_by_row
  FROM (SELECT rows, altlas.predict_batched('p_linear', rows) OVER () AS s FROM rows) r;
SELECT count(*) FILTER (WHERE s IS DISTINCT FROM altlas.predict('p_linear', v)) AS other_than_by_row
  FROM (SELECT v, altlas.predict_batched('p_linear', v) OVER (PARTITION BY b ORDER BY id DESC) AS s FROM rows) r;
SELECT count(*) FILTER (WHERE s IS DISTINCT FROM altlas.predict('p_linear', v)) AS other_than_by_row
  FROM (SELECT v, altlas.predict_batched('p_linear', to_jsonb(rows)) OVER (ORDER BY id) AS s FROM rows) r;
SET altlas.batch_size = 7;
SELECT count(*) FILTER (WHERE s IS DISTINCT FROM altlas.predict_label('p_storm', rows)) AS other_than_by_row,
       array_agg(DISTINCT s ORDER BY s) AS labels
  FROM (SELECT rows, altlas.predict_label_batched('p_storm', rows) OVER (PARTITION BY b) AS s FROM rows) r;
RESET altlas.batch_size;
SELECT altlas.predict_label_batched('altlas.task_type', t) OVER () FROM (VALUES ('delete the old logs'), (NULL), ('özetle')) r (t);
-- The model may differ by row; a row may be NULL; some rows may not be read at all.
SELECT id, altlas.predict_label_batched(m, jsonb_build_object('wind', w, 'rain', w)) OVER (ORDER BY id)
  FROM (VALUES (1, 'p_storm', 1), (2, 'p_storm/1', -1), (3, 'p_storm', 2)) r (id, m, w);
SELECT id, altlas.predict_batched('p_linear', CASE WHEN id <> 2 THEN v END) OVER (ORDER BY id) IS NULL AS is_null FROM rows ORDER BY id LIMIT 3;
SELECT altlas.predict_batched('p_linear', v) OVER () FROM rows WHERE false;
SELECT altlas.predict_batched('p_linear', v) FROM rows; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_batched('p_linear', rows) OVER () FROM (SELECT a, b FROM rows) rows; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_batched(NULL, v) OVER () FROM rows; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_batched('p_storm', ARRAY[a, a]) OVER () FROM rows; \echo :LAST_ERROR_SQLSTATE

-- Arrays: a row of the matrix is a row of features.
SELECT (SELECT array_agg(round(p::numeric, 5)) FROM unnest(altlas.predict_array('p_linear', ARRAY[[5.1, 3.5, 1.4], [1, 2, 3]])) p) AS two,
       (SELECT array_agg(round(p::numeric, 5)) FROM unnest(altlas.predict_array('p_linear', ARRAY[5.1, 3.5, 1.4])) p) AS one,
       altlas.predict_array('p_linear', '{}'::float8[]) AS none, altlas.predict_array('p_linear', NULL::float8[]) AS null;
SELECT count(*) AS rows, count(*) FILTER (WHERE s IS DISTINCT FROM altlas.predict('p_linear', v)) AS other_than_by_row
  FROM (SELECT array_agg(v ORDER BY id) AS vs, altlas.predict_array('p_linear', array_agg(v ORDER BY id)) AS all FROM rows) m,
       unnest(m.all) WITH ORDINALITY u (s, n) JOIN rows ON id = n;
SELECT altlas.predict_label_array('p_storm', ARRAY['{"wind": 1, "rain": 1}', NULL, '[-1, -1]']::jsonb[]) AS objects,
       altlas.predict_label_array('altlas.task_type', ARRAY['delete the old logs', 'özetle']) AS texts;
SELECT altlas.predict_array('p_linear', ARRAY[[1, 2], [3, 4]]); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict_label_array('p_linear', ARRAY[[1, 2, 3]]); \echo :LAST_ERROR_SQLSTATE

-- A source: read by the caller's rights, in blocks.
SELECT ordinal, key_value, round(value::numeric, 5) AS value, label, proba, model_version
  FROM altlas.score('p_linear', 'SELECT id, c, b, a FROM rows ORDER BY id LIMIT 2', key => 'id');
SELECT ordinal, label, array_length(proba, 1) AS classes, model_version FROM altlas.score('p_storm', 'SELECT -1 AS rain, -2 AS wind');
SELECT count(*) AS rows, count(*) FILTER (WHERE s.value IS DISTINCT FROM altlas.predict('p_linear', v)) AS other_than_by_row
  FROM altlas.score('p_linear', 'rows', 'id') s JOIN rows ON id = key_value::int;
SELECT key_value, label FROM altlas.score('altlas.task_type', $$VALUES (1, 'delete the old logs'), (2, NULL)$$, 'column1');
SELECT count(*) FROM altlas.score('p_linear', 'SELECT a, b, c FROM rows WHERE false');
SELECT (altlas.score('p_linear', 'SELECT 1 a, 2 b, 3 c')).ordinal;
SELECT * FROM altlas.score('p_linear', 'SELECT a, b FROM rows'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.score('p_linear', 'rows', 'nothing'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.score('p_linear', 'DELETE FROM rows'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.score('p_plain', 'rows'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.score('altlas.task_type', 'rows'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.score('p_linear', NULL); \echo :LAST_ERROR_SQLSTATE

-- With and without compiling, the answers are the same.
SET altlas.compile_models = off;
CREATE TEMP TABLE by_engine AS
SELECT id, altlas.predict('p_linear', rows) AS p, altlas.predict_proba('p_storm', rows) AS s FROM rows;
RESET altlas.compile_models;
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(p - altlas.predict('p_linear', rows)) > 1e-5 * greatest(1, abs(p))
                                             OR abs(s[2] - (altlas.predict_proba('p_storm', rows))[2]) > 1e-5) AS different
  FROM by_engine JOIN rows USING (id);

-- In the engine, too, the sets answer as the row form does, while several batches are on their way.
SET altlas.compile_models = off;
SET altlas.batch_size = 7;
SELECT count(*) AS rows, count(y) AS answers, count(*) FILTER (WHERE abs(y - p) > 1e-5 * greatest(1, abs(p))
                                                                  OR (y IS NULL) <> (id % 50 < 20)) AS different
  FROM (SELECT id, altlas.predict_batched('p_linear', CASE WHEN id % 50 >= 20 THEN v END) OVER (ORDER BY id) AS y FROM rows) r
  JOIN by_engine USING (id);
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(value - p) > 1e-5 * greatest(1, abs(p)) OR ordinal <> id) AS different
  FROM altlas.score('p_linear', 'SELECT * FROM rows ORDER BY id', 'id') s JOIN by_engine ON id = key_value::int;
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(y - p) > 1e-5 * greatest(1, abs(p))) AS different
  FROM unnest((SELECT altlas.predict_array('p_linear', array_agg(v ORDER BY id)) FROM rows)) WITH ORDINALITY u (y, id) JOIN by_engine USING (id);
-- Two windows at a time; a set that is left early, by LIMIT, by a cursor, by an error; and what follows.
SELECT count(*) AS rows, count(*) FILTER (WHERE l <> CASE WHEN s > -1000 THEN altlas.predict_label('p_storm', w) END) AS different
  FROM (SELECT altlas.predict_batched('p_linear', v) OVER () AS s, altlas.predict_label_batched('p_storm', r) OVER () AS l, r AS w
          FROM rows r WHERE id <= 100) x;
SELECT count(s) AS answers FROM (SELECT altlas.predict_batched('p_linear', v) OVER () AS s FROM rows LIMIT 10) r;
BEGIN;
DECLARE c CURSOR FOR SELECT id, altlas.predict_batched('p_linear', v) OVER () IS NULL AS is_null FROM rows ORDER BY id;
FETCH 2 FROM c;
MOVE 50 FROM c;
SELECT count(*) AS rows FROM altlas.score('p_linear', 'rows');
FETCH 1 FROM c;
SAVEPOINT s;
SELECT altlas.predict_batched('p_linear', CASE WHEN id = 500 THEN ARRAY[1.0] ELSE v END) OVER () FROM rows; \echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
FETCH 1 FROM c;
COMMIT;
SELECT count(*) AS rows FROM altlas.score('p_linear', 'rows');
RESET altlas.batch_size;
RESET altlas.compile_models;

-- The row form takes rows of any shape: domains, wide tables, dropped columns, numbers of every type.
CREATE DOMAIN share AS float8 CHECK (VALUE <= 1);
CREATE TEMP TABLE wide (x text, a smallint, gone int, b share, y jsonb, c bigint);
ALTER TABLE wide DROP COLUMN gone;
INSERT INTO wide VALUES ('x', 1, 0.5, '{}', 3);
SELECT altlas.predict('p_linear', w) = altlas.predict('p_linear', ARRAY[1, 0.5, 3]) AS same FROM wide w;
ALTER TABLE wide ADD COLUMN d float8 DEFAULT 7;
SELECT altlas.predict('p_linear', w) = altlas.predict('p_linear', ARRAY[1, 0.5, 3]) AS same FROM wide w;
SELECT altlas.predict('p_linear', u) = altlas.predict('p_linear', ARRAY[u.a, u.b, u.c]) AS same
  FROM (SELECT 1 AS a, 2 AS b, 3 AS c UNION ALL SELECT 4, 5, 6) u;
SELECT altlas.predict('p_linear', ROW(1, 2, 3)); \echo :LAST_ERROR_SQLSTATE
DROP TABLE wide;
DROP DOMAIN share;
