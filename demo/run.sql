-- The demo: what altlas does with a year of flights, seen as runs of tasks.
--
--     psql -v csv=FOLDER -f demo/load.sql -f demo/run.sql
--
-- Reads schema flights; writes models and KPIs into the registry of altlas, and one temporary table.

\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset null ''
\pset format wrapped
\pset columns 98
\pset linestyle unicode
\pset border 1
SET client_min_messages = warning;
-- Days and months below are those of New York City.
SET timezone = 'America/New_York';
SET intervalstyle = postgres;

\echo
\echo '1  HOW LONG WILL A FLIGHT TAKE?'
\echo '   A model is trained on January to September, inside the database.'
\echo

SELECT project, version, algorithm, metric, round(score::numeric, 2) AS score,
       round(baseline::numeric, 2) AS baseline, deployed
FROM altlas.train('flight_duration', 'regression', $$
  SELECT carrier, origin, dest, distance, planned_minutes, scheduled_start, aircraft_maker,
         aircraft_model, seats, actual_minutes
  FROM flights.task_runs
  WHERE status = 'completed' AND scheduled_start < '2013-10-01 America/New_York'
  $$, 'actual_minutes', 'auto',
  '{"unit": "min", "validation": {"kind": "time", "column": "scheduled_start"},
    "preprocess": {"time_zone": "America/New_York"}}');

\echo '   What was tried, on the rows that chose among them (mean absolute error, minutes, with 95 % intervals):'
\echo

SELECT rank, algorithm, round(score::numeric, 2) AS score, round(lower::numeric, 2) AS lower,
       round(upper::numeric, 2) AS upper, round(seconds::numeric, 1) AS seconds,
       CASE WHEN baseline THEN 'a constant' WHEN version IS NOT NULL THEN 'chosen' END AS note
FROM altlas.leaderboard('flight_duration') ORDER BY rank, algorithm;

\echo '   Every flight of October to December, which the model has not seen (gate to gate, minutes):'
\echo

-- A row of a table is matched with the model's columns by name; what the model does not know is left out.
CREATE TEMP TABLE scored AS
SELECT t.id, t.route, t.planned_minutes, t.actual_minutes,
       altlas.predict('flight_duration', t) AS predicted_minutes
FROM flights.task_runs t
WHERE status = 'completed' AND scheduled_start >= '2013-10-01';

WITH route_means AS (
  SELECT route, avg(actual_minutes) AS mean
  FROM flights.task_runs
  WHERE status = 'completed' AND scheduled_start < '2013-10-01'
  GROUP BY route
), errors AS (
  SELECT ordinal, estimate, abs(actual_minutes - minutes) AS error
  FROM scored
  LEFT JOIN route_means USING (route)
  CROSS JOIN LATERAL (VALUES
    (1, 'altlas', predicted_minutes),
    (2, 'the schedule itself', planned_minutes),
    -- A route that was not flown before October has no mean: its schedule stands in.
    (3, 'mean of the route, January to September', coalesce(mean, planned_minutes)))
    AS e(ordinal, estimate, minutes)
)
SELECT estimate, count(*) AS flights,
       round(avg(error)::numeric, 2) AS "mean abs. error",
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY error)::numeric, 2) AS "median",
       round(100.0 * avg((error <= 10)::int), 1) AS "% within 10 min"
FROM errors
GROUP BY ordinal, estimate
ORDER BY ordinal;

\echo '   Five of them, with the interval that should hold the actual duration nine times in ten:'
\echo

SELECT t.carrier || t.flight AS flight, t.route,
       to_char(t.scheduled_start, 'DD Mon HH24:MI') AS departure,
       to_char(p.estimate, 'HH24:MI') AS "estimate, h:min", to_char(p.lower, 'HH24:MI') AS "from",
       to_char(p.upper, 'HH24:MI') AS "to",
       to_char(t.actual_minutes * interval '1 minute', 'HH24:MI') AS actual
FROM (SELECT * FROM flights.task_runs
      WHERE status = 'completed' AND scheduled_start >= '2013-10-01'
      ORDER BY md5(id::text) LIMIT 5) t
CROSS JOIN LATERAL altlas.predict_duration(to_jsonb(t), 'flight_duration', 0.9) p;

\echo '   Where the first estimate comes from: what each column adds to the mean of some earlier flights, in minutes:'
\echo

SELECT feature, value, round(contribution::numeric, 1) AS "adds, min", round(base::numeric, 1) AS "mean, min",
       round(prediction::numeric, 1) AS "predicted, min"
FROM (SELECT * FROM flights.task_runs
      WHERE status = 'completed' AND scheduled_start >= '2013-10-01'
      ORDER BY md5(id::text) LIMIT 1) t
CROSS JOIN LATERAL altlas.explain('flight_duration', to_jsonb(t), '{"scale": "output"}') e
ORDER BY abs(contribution) DESC LIMIT 6;

\echo '   The intervals on 2,000 of those flights:'
\echo

SELECT count(*) AS flights, '90 %' AS "asked for",
       round(100.0 * avg((t.actual_minutes * interval '1 minute' BETWEEN p.lower AND p.upper)::int), 1)
         || ' %' AS "held the actual duration",
       round(avg(extract(epoch FROM p.upper - p.lower)) / 60, 1) AS "mean width, min"
FROM (SELECT * FROM flights.task_runs
      WHERE status = 'completed' AND scheduled_start >= '2013-10-01'
      ORDER BY md5(id::text) LIMIT 2000) t
CROSS JOIN LATERAL altlas.predict_duration(to_jsonb(t), 'flight_duration', 0.9) p;

\echo
\echo '2  WHEN WAS SOMETHING WRONG?'
\echo '   Mean departure delay by hour (hours of five departures or more), too late only.'
\echo

CREATE TEMP TABLE odd_hours AS
SELECT *
FROM altlas.detect_anomaly($$
  SELECT date_trunc('hour', scheduled_start) AS hour, avg(departure_delay) AS delay
  FROM flights.task_runs
  WHERE departure_delay IS NOT NULL
  GROUP BY 1 HAVING count(*) >= 5
  $$, 'delay', 'hour', options => '{"direction": "high"}');

SELECT method, count(*) AS hours, count(*) FILTER (WHERE is_anomaly) AS anomalous,
       count(*) FILTER (WHERE severity = 'critical') AS critical
FROM odd_hours GROUP BY method;

\echo '   The ten most anomalous hours (the blizzard of 8 and 9 February closed the airports):'
\echo

SELECT to_char(ts, 'Dy DD Mon HH24:00') AS hour, round(value::numeric) AS "delay, min",
       round(expected::numeric) AS expected, round(upper::numeric) AS "normal up to",
       round(score::numeric, 3) AS score, severity
FROM odd_hours WHERE is_anomaly
ORDER BY score DESC, value DESC, ts LIMIT 10;

\echo '   Cancelled flights by day, where a storm shows more plainly:'
\echo

SELECT to_char(ts, 'Dy DD Mon') AS day, round(value::numeric, 1) AS "cancelled, %",
       round(expected::numeric, 1) AS expected, round(upper::numeric, 1) AS "normal up to",
       round(score::numeric, 4) AS score, severity, method
FROM altlas.detect_anomaly($$
  SELECT date_trunc('day', scheduled_start) AS day, 100.0 * avg((status = 'cancelled')::int) AS share
  FROM flights.task_runs GROUP BY 1
  $$, 'share', 'day', options => '{"direction": "high"}')
WHERE is_anomaly
ORDER BY score DESC, ts LIMIT 8;

\echo
\echo '3  ARE WE ON TARGET?'
\echo

SELECT altlas.define_kpi('on_time_rate', '{
  "kind": "ratio", "source": "flights.task_runs", "time_column": "scheduled_start",
  "numerator": "on_time", "dimensions": ["carrier", "origin"], "filter": {"status": "completed"},
  "time_zone": "America/New_York", "unit": "%", "direction": "up",
  "target": 0.8, "warn": 0.8, "critical": 0.7, "owner": "operations",
  "description": "Share of completed flights that arrived less than 15 minutes late"}') \g /dev/null
SELECT altlas.define_kpi('median_arrival_delay', '{
  "kind": "median", "source": "flights.task_runs", "time_column": "scheduled_start",
  "value": "arrival_delay", "dimensions": ["carrier", "origin"], "filter": {"status": "completed"},
  "time_zone": "America/New_York", "unit": "min", "direction": "down",
  "target": 0, "warn": 0, "critical": 5, "owner": "operations",
  "description": "Median arrival delay of completed flights; negative is early"}') \g /dev/null

\echo '   By month (on time: less than 15 minutes late; target 80 %):'
\echo

SELECT to_char(r.period_start, 'Mon YYYY') AS month,
       round(100 * r.value::numeric, 1) AS "on time, %", r.status,
       round(100 * r.change_ratio::numeric, 1) AS "change, %",
       round(d.value::numeric, 1) AS "median delay, min", d.status AS "delay status",
       r.sample_count AS flights
FROM altlas.kpi_rollup('on_time_rate', 'month', '2013-01-01', '2014-01-01') r
JOIN altlas.kpi_rollup('median_arrival_delay', 'month', '2013-01-01', '2014-01-01') d
  USING (period_start)
ORDER BY r.period_start;

\echo '   By carrier, in July:'
\echo

SELECT a.name AS carrier, round(100 * r.value::numeric, 1) AS "on time, %", r.status,
       round(100 * r.previous::numeric, 1) AS "June, %",
       round(d.value::numeric, 1) AS "median delay, min", r.sample_count AS flights
FROM altlas.kpi_rollup('on_time_rate', 'month', '2013-07-01', '2013-08-01', ARRAY['carrier']) r
JOIN altlas.kpi_rollup('median_arrival_delay', 'month', '2013-07-01', '2013-08-01', ARRAY['carrier']) d
  USING (period_start, dimensions)
JOIN flights.raw_airlines a ON a.carrier = r.dimensions ->> 'carrier'
ORDER BY r.value DESC, a.name;

\echo
\echo '4  WHAT GOES WITH BEING LATE?'
\echo '   Groups of completed flights whose share of late arrivals (15 minutes or more) differs most from that of all others.'
\echo

SELECT item AS "group", round(100 * value::numeric, 1) AS "points more late", round(100 * lower::numeric, 1) AS "from",
       round(100 * upper::numeric, 1) AS "to", sample_count AS flights
FROM altlas.analyze_tasks($$
  SELECT 'flight' AS task_type, NOT on_time AS failed, carrier, origin, aircraft_maker AS maker, seats,
         extract(hour FROM scheduled_start) AS hour, to_char(scheduled_start, 'Mon') AS month
  FROM flights.task_runs WHERE status = 'completed'
  $$, '{"min_runs": 1000}')
WHERE section = 'failure_factor' AND p_value < 0.001
ORDER BY abs(value) DESC LIMIT 8;

\echo
\echo '5  WHAT DID SOMEBODY ASK FOR?'
\echo '   Commands in Turkish and English, split into typed tasks (after: waits for; conf.: of the type).'
\echo

CREATE TEMP TABLE commands (id int PRIMARY KEY, text text NOT NULL);
INSERT INTO commands VALUES
  (1, 'Search for recent AI papers, then analyze the results, and finally create a summary report in pdf format.'),
  (2, 'Find the delayed flights of yesterday and send them to the operations team.'),
  (3, 'Open the dashboard and check the error rate.'),
  (4, 'Translate the report into Turkish and translate the memo into German.'),
  (5, 'If the backup fails, notify me.'),
  (6, 'Schedule a maintenance window for Sunday 02:00, then restart the workers.'),
  (7, 'Bir makale yazıp PDF olarak kaydet'),
  (8, 'Google''da yapay zeka hakkında arama yap ve sonuçları bir dosyaya kaydet'),
  (9, 'Tüm .jpg dosyalarını bir klasöre taşı ve sıkıştır'),
  (10, '15 Mayıs 2023 tarihinde İstanbul''da bir toplantı planla'),
  (11, 'Satış ve stok raporunu hazırla, ardından özetle'),
  (12, 'Dünkü uçuş gecikmelerini incele, sonra bir grafik oluştur');

SELECT CASE s.ordinal WHEN 1 THEN c.id END AS "no.", s.language AS lang, s.ordinal AS task,
       s.content, s.task_type AS type, array_to_string(s.depends_on, ', ') AS after,
       round(s.confidence::numeric, 2) AS "conf."
FROM commands c
CROSS JOIN LATERAL altlas.segment_text(c.text) s
ORDER BY c.id, s.ordinal;

\echo '   One task at a time, the two likeliest types:'
\echo

SELECT c.text,
       max(k.label) FILTER (WHERE rank = 1) AS type,
       round(max(k.confidence) FILTER (WHERE rank = 1)::numeric, 2) AS "conf.",
       max(k.label) FILTER (WHERE rank = 2) AS or,
       round(max(k.confidence) FILTER (WHERE rank = 2)::numeric, 2) AS "conf. 2"
FROM (VALUES (1, 'recap the incident in three sentences'), (2, 'hangi uçuşlar rötar yaptı, bul'),
             (3, 'restart the scheduler'), (4, 'yarın 10:00''da yedek al'),
             (5, 'sort the list by departure time'), (6, 'toplantı notlarını kısalt')) AS c(id, text)
CROSS JOIN LATERAL altlas.classify_task(c.text, top_k => 2) k
GROUP BY c.id, c.text
ORDER BY c.id;

\echo
\echo 'FIVE QUERIES TO TRY NEXT'
\echo
\echo '   -- 1. What if? A flight that is in no table; what is not known is null.'
\echo '   SELECT * FROM altlas.predict_duration(\'{"carrier": "UA", "origin": "EWR", "dest": "SFO",'
\echo '     "distance": 2565, "planned_minutes": 375, "scheduled_start": "2014-01-10 18:00-05",'
\echo '     "aircraft_maker": null, "aircraft_model": null, "seats": null}\','
\echo '     \'flight_duration\', 0.8);'
\echo
\echo '   -- 2. Odd wind, each airport judged by itself: one reading says 1,048 miles an hour.'
\echo '   SELECT series, ts, value, score, severity FROM altlas.detect_anomaly('
\echo '     \'SELECT * FROM flights.metric_samples WHERE metric = \'\'wind_speed\'\'\','
\echo '     \'value\', \'ts\', ARRAY[\'instance\']) WHERE is_anomaly ORDER BY score DESC LIMIT 10;'
\echo
\echo '   -- 3. Scores in a window, without a source: the day of the blizzard at LaGuardia.'
\echo '   SELECT * FROM (SELECT ts, value, altlas.anomaly_score(value, \'mad\') OVER (ORDER BY ts) AS score'
\echo '     FROM flights.metric_samples WHERE metric = \'departure_delay\' AND instance = \'LGA\') s'
\echo '   WHERE ts >= \'2013-02-08\' AND ts < \'2013-02-10\' ORDER BY ts;'
\echo
\echo '   -- 4. The weeks below target at one airport.'
\echo '   SELECT period_start::date, value, previous FROM altlas.kpi_rollup(\'on_time_rate\', \'week\','
\echo '     filter => \'{"origin": "EWR"}\') WHERE status <> \'ok\' ORDER BY value LIMIT 10;'
\echo
\echo '   -- 5. What runs behind all this.'
\echo '   SELECT state, engine_pid, models_loaded, memory_bytes, confinement FROM altlas.engine_status();'
\echo
