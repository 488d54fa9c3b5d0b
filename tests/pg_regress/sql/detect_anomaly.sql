-- detect_anomaly and anomaly_score.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE readings (service text, ts timestamptz, ms numeric);
INSERT INTO readings
SELECT s, '2024-03-01 00:00'::timestamptz + i * interval '1 hour', 100 + (i * 7) % 5 + CASE WHEN s = 'api' AND i = 8 THEN 80 ELSE 0 END
  FROM unnest(ARRAY['web', 'api']) s, generate_series(0, 11) i;

-- Every row comes back, by series and time.
SELECT series, ts, value, round(score::numeric, 4) AS score, is_anomaly, expected, round(lower::numeric, 3) AS lower,
       round(upper::numeric, 3) AS upper, severity, method
  FROM altlas.detect_anomaly('readings', 'ms', 'ts', '{service}');

-- Methods and options; a query as source.
SELECT m AS asked, d.method, d.value, round(d.score::numeric, 4) AS score, d.severity
  FROM unnest(ARRAY['zscore', 'mad', 'iqr', 'auto']) m,
       altlas.detect_anomaly('SELECT ts, ms FROM readings WHERE service = ''api'' -- one of them', 'ms', 'ts', method => m,
                             options => '{"threshold": 2}') d
 WHERE d.is_anomaly;
SELECT count(*) FROM altlas.detect_anomaly('readings', 'ms', 'ts', '{service}', options => '{"direction": "low"}') WHERE is_anomaly;

-- A weekly season on days: the Sunday that looks like a weekday is the anomaly.
CREATE TABLE visits AS
SELECT d::date AS day,
       CASE WHEN d = '2024-02-18' THEN 1000 WHEN extract(isodow FROM d) >= 6 THEN 400 ELSE 1000 END + (i * i * 131) % 23 AS visits
  FROM generate_series('2024-01-01'::timestamp, '2024-03-17', '1 day') WITH ORDINALITY g (d, i);
SELECT ts, value, round(expected::numeric) AS expected, severity, method
  FROM altlas.detect_anomaly('visits', 'visits', 'day', method => 'seasonal') WHERE is_anomaly;
SELECT DISTINCT method FROM altlas.detect_anomaly('visits', 'visits', 'day');

-- NULL and NaN are not judged, infinities are anomalies; a row without a time comes last and is not judged.
CREATE TABLE odd (n int, ts timestamp, x float8);
INSERT INTO odd SELECT i, '2024-01-01'::timestamp + i * interval '1 min', i % 3 FROM generate_series(1, 12) i;
INSERT INTO odd VALUES (13, '2024-01-01 00:00:30', NULL), (14, '2024-01-01 00:13', 'NaN'), (15, '2024-01-01 00:14', 'Infinity'), (16, NULL, 99);
SELECT ts, value, round(score::numeric, 4) AS score, is_anomaly, expected, severity FROM altlas.detect_anomaly('odd', 'x', 'ts') WHERE value IS DISTINCT FROM 1;
-- Without a time column: the order of the source, no time.
SELECT ts, value, round(score::numeric, 4) AS score FROM altlas.detect_anomaly('SELECT x FROM odd ORDER BY n DESC', 'x') LIMIT 3;

-- Series of several columns; numbers, booleans and NULL keep their types; too few points are not judged.
SELECT series, value, score, is_anomaly, expected
  FROM altlas.detect_anomaly('VALUES (1, true, ''b'', 1.5), (2, false, NULL, 2), (1, true, ''a'', 3)', 'column4',
                             series_columns => '{column1,column2,column3}');
SELECT count(*) FROM altlas.detect_anomaly('SELECT * FROM readings WHERE false', 'ms', 'ts');

-- Bad input.
SELECT * FROM altlas.detect_anomaly(NULL, 'ms');
SELECT * FROM altlas.detect_anomaly('readings', NULL);
SELECT * FROM altlas.detect_anomaly('readings', 'ms', method => NULL);
SELECT * FROM altlas.detect_anomaly('readings', 'ms', series_columns => ARRAY['service', NULL]);
SELECT * FROM altlas.detect_anomaly('readings', 'ms', method => 'prophet');
SELECT * FROM altlas.detect_anomaly('readings', 'latency');
SELECT * FROM altlas.detect_anomaly('readings', 'ms', 'at');
SELECT * FROM altlas.detect_anomaly('readings', 'service');
SELECT * FROM altlas.detect_anomaly('readings', 'ms', 'service');
SELECT * FROM altlas.detect_anomaly('readings', 'ms', options => '{"treshold": 2}');
SELECT * FROM altlas.detect_anomaly('readings', 'ms', options => '{"threshold": -2}');
SELECT * FROM altlas.detect_anomaly('readings', 'ms', options => '[]');
SELECT * FROM altlas.detect_anomaly('readings', 'ms', options => '{"window": 20, "direction": "up"}');
SELECT * FROM altlas.detect_anomaly('readings', 'ms', 'ts', '{service}', 'seasonal');
SELECT * FROM altlas.detect_anomaly('SELECT 1; SELECT 2', 'ms');
SELECT * FROM altlas.detect_anomaly('DELETE FROM readings', 'ms');
SELECT * FROM altlas.detect_anomaly('no_such_table', 'ms');

-- The window function: the scores of detect_anomaly without times, over the whole partition.
SELECT service, ts::time, ms, round((altlas.anomaly_score(ms) OVER w)::numeric, 4) AS auto,
       round((altlas.anomaly_score(ms, 'zscore') OVER w)::numeric, 4) AS zscore
  FROM readings WINDOW w AS (PARTITION BY service ORDER BY ts) ORDER BY service, ts;
SELECT count(*) AS differing
  FROM (SELECT n, altlas.anomaly_score(x, 'mad') OVER (ORDER BY n) AS s, row_number() OVER (ORDER BY n) AS r FROM odd) a
  JOIN (SELECT score, row_number() OVER () AS r FROM altlas.detect_anomaly('SELECT x FROM odd ORDER BY n', 'x', method => 'mad')) b USING (r)
 WHERE a.s IS DISTINCT FROM b.score;
-- NULL and NaN have no score; a frame does not matter; other window functions see their rows.
SELECT n, x, round((altlas.anomaly_score(x) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))::numeric, 4) AS score,
       first_value(n) OVER (ORDER BY n) AS first, lag(x, 2) OVER (ORDER BY n) AS before
  FROM odd ORDER BY n DESC LIMIT 5;
-- Once for each outer row, with partitions that differ in number and size.
SELECT k, (SELECT array_agg(i ORDER BY i) FROM (SELECT i, altlas.anomaly_score(CASE i % 12 WHEN k THEN 50 ELSE (i * i * 31) % 7 END) OVER (PARTITION BY i / 20 ORDER BY i) AS s
                                                FROM generate_series(0, 20 * k + 9) i) q WHERE s > 0.5) AS anomalies
  FROM generate_series(1, 4) k;
SELECT altlas.anomaly_score(x) OVER () FROM odd WHERE false;
SELECT altlas.anomaly_score(1.0);
SELECT altlas.anomaly_score(x, 'prophet') OVER () FROM odd;
SELECT altlas.anomaly_score(x, NULL) OVER () FROM odd;

-- The source is read by the caller's rights.
CREATE ROLE regress_altlas_series;
SET client_min_messages = warning;
SELECT altlas.grant_access('regress_altlas_series', 'score');
SET ROLE regress_altlas_series;
SELECT * FROM altlas.detect_anomaly('readings', 'ms');
SELECT count(altlas.anomaly_score(x)) FROM (SELECT 1.0::float8 AS x) q;
SELECT altlas.anomaly_score(x) OVER () FROM (VALUES (1.0::float8)) q (x);
RESET ROLE;
SELECT altlas.revoke_access('regress_altlas_series');
DROP ROLE regress_altlas_series;
DROP TABLE readings, visits, odd;
