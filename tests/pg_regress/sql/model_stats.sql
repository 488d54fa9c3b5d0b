-- Statistics of scoring: the shapes of the views, and that what they are made of adds up.
SET timezone = 'UTC';
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE c.relnamespace = 'altlas'::regnamespace AND c.relname IN ('model_stats', 'model_stats_hourly', 'feature_stats', 'label_stats')
 ORDER BY c.relname COLLATE "C", a.attnum;

-- The states that another process wrote are read, merged and summed up.
SELECT * FROM altlas._histogram_summary('\x4801000000');
SELECT * FROM altlas._sketch_summary('\x4e0100000000000000');
SELECT * FROM altlas._label_counts('\x430105000201610302626302');
SELECT * FROM altlas._label_counts(altlas._merge_stats('\x430105000201610302626302', '\x4301040001016104'));
SELECT label, count FROM (SELECT altlas._merged_stats(s) AS s FROM (VALUES ('\x430105000201610302626302'::bytea), (NULL), ('\x4301040001016104')) v (s)) m,
       LATERAL altlas._label_counts(m.s);
SELECT altlas._merge_counts('{"22023": 2, "42703": 1}', '{"22023": 3}');
SELECT altlas._merged_counts(e) FROM (VALUES ('{}'::jsonb), ('{"22023": 1}'), ('{"08006": 9007199254740993}')) v (e);

-- What is no state is refused.
SELECT altlas._merge_stats('', '');
SELECT altlas._merge_stats('\x430105000201610302626302', '\x4801000000');
SELECT * FROM altlas._sketch_summary('\x4e0200000000000000');
SELECT * FROM altlas._histogram_summary('\x48010000ff');
SELECT * FROM altlas._label_counts('\x4301');

-- Metrics begin with what altlas is.
SELECT line FROM regexp_split_to_table(altlas.metrics(), '\n') WITH ORDINALITY l (line, n) WHERE n <= 3 ORDER BY n;
SELECT metric FROM (SELECT substring(line FROM '^# TYPE (.*)$') AS metric FROM regexp_split_to_table(altlas.metrics(), '\n') l (line)) m
 WHERE metric IS NOT NULL ORDER BY metric COLLATE "C";
SHOW altlas.stats_interval;
SHOW altlas.stats_retention;
