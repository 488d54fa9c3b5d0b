-- The KPI catalogue and kpi_rollup.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';

CREATE TABLE runs (id int, ended_at timestamptz, queue text, region text, cost numeric, seconds float8, failed boolean, tokens int);
INSERT INTO runs VALUES
    (1, '2024-01-01 08:00+00', 'a', 'eu', 0.10, 0.1, false, 10),
    (2, '2024-01-01 09:00+00', 'a', 'eu', 0.20, 0.2, true, 30),
    (3, '2024-01-01 10:00+00', 'b', 'us', 0.40, 4, false, NULL),
    (4, '2024-01-02 08:00+00', 'a', 'us', 0.80, 8, false, 0),
    (5, '2024-01-05 08:00+00', NULL, 'eu', 1.60, NULL, true, 5),
    (6, '2024-01-05 23:30+00', 'b', NULL, 3.20, 1, NULL, 5),
    (7, NULL, 'b', 'eu', 1000, 1, true, 1),
    (8, 'infinity', 'b', 'eu', 1000, 1, true, 1);

-- A definition has a version, which counts its changes.
SELECT altlas.define_kpi('cost', '{"kind": "sum", "source": "runs", "time_column": "ended_at", "value": "cost"}');
SELECT altlas.define_kpi('cost', '{"kind": "sum", "value": "cost", "source": "runs", "time_column": "ended_at"}') AS same;
SELECT altlas.define_kpi('cost', '{"kind": "sum", "source": "runs", "time_column": "ended_at", "value": "cost", "dimensions": ["queue", "region"],
    "unit": "EUR", "direction": "down", "target": 0.5, "warn": 1, "critical": 4, "frequency": "day", "owner": "ops", "description": "What runs cost"}') AS changed;
SELECT altlas.define_kpi('failure_rate', '{"kind": "ratio", "source": "runs", "time_column": "ended_at", "numerator": "failed",
    "dimensions": ["queue"], "direction": "down", "warn": 0.2, "critical": 0.5}');
SELECT altlas.define_kpi('success_rate', '{"kind": "ratio", "time_column": "ended_at", "numerator": "ok", "denominator": "n",
    "source": "SELECT ended_at, (NOT failed)::int AS ok, 1 AS n FROM runs -- all", "direction": "up", "warn": 0.8, "critical": 0.5}');
SELECT altlas.define_kpi('cost_per_token', '{"kind": "ratio", "source": "runs", "time_column": "ended_at", "numerator": "cost", "denominator": "tokens"}');
SELECT altlas.define_kpi('mean_seconds', '{"kind": "average", "source": "runs", "time_column": "ended_at", "value": "seconds"}');
SELECT altlas.define_kpi('median_seconds', '{"kind": "median", "source": "runs", "time_column": "ended_at", "value": "seconds"}');
SELECT altlas.define_kpi('runs', '{"kind": "count", "source": "TABLE runs", "time_column": "ended_at", "dimensions": ["queue"], "filter": {"region": ["eu", "us"]}}');
SELECT altlas.define_kpi('known_tokens', '{"kind": "count", "source": "runs", "time_column": "ended_at", "value": "tokens"}');
SELECT name, kind, unit, direction, target, warn, critical, source, time_column, dimensions, time_zone, owner, description, version FROM altlas.kpis ORDER BY name;

-- Days without rows are there, with 0 where nothing happened and NULL where nothing is known.
SELECT * FROM altlas.kpi_rollup('cost');
SELECT period_start, value, status, sample_count FROM altlas.kpi_rollup('failure_rate');
SELECT period_start, value, status, sample_count FROM altlas.kpi_rollup('success_rate');
SELECT period_start, value, sample_count FROM altlas.kpi_rollup('cost_per_token');
SELECT period_start, value, previous, change_ratio, sample_count FROM altlas.kpi_rollup('mean_seconds');
SELECT period_start, value, sample_count FROM altlas.kpi_rollup('median_seconds');
SELECT period_start, value, sample_count FROM altlas.kpi_rollup('known_tokens');

-- By dimensions: all combinations have the same periods; NULL is a value like others, and the last.
SELECT period_start, dimensions, value, previous, sample_count FROM altlas.kpi_rollup('cost', by => '{queue}');
SELECT dimensions, value FROM altlas.kpi_rollup('cost', 'month', by => '{region,queue}');
-- Filters are values, lists of values, or null; the call's filter narrows the definition's.
SELECT value, sample_count FROM altlas.kpi_rollup('cost', 'year', filter => '{"queue": "a"}');
SELECT value, sample_count FROM altlas.kpi_rollup('cost', 'year', filter => '{"queue": ["a", null], "region": ["eu"]}');
SELECT value, sample_count FROM altlas.kpi_rollup('cost', 'year', filter => '{"region": null}');
SELECT value FROM altlas.kpi_rollup('runs', 'year');
SELECT value FROM altlas.kpi_rollup('runs', 'year', filter => '{"region": "us"}');
SELECT value FROM altlas.kpi_rollup('runs', 'year', filter => '{"region": null}');
-- [since, until) is about rows; the periods stay whole.
SELECT period_start, period_end, value FROM altlas.kpi_rollup('cost', 'day', '2024-01-01 09:00+00', '2024-01-01 10:00+00');
SELECT count(*) FROM altlas.kpi_rollup('cost', since => '2025-01-01');
-- The current period is not final.
SELECT altlas.define_kpi('now', '{"kind": "count", "source": "SELECT now() AS at", "time_column": "at"}');
SELECT value, is_final FROM altlas.kpi_rollup('now');

-- Sums and averages are exact: numeric inside, whatever the input.
CREATE TABLE tenths AS SELECT '2024-01-01'::date AS d, 0.1::float8 AS f, 0.1::real AS r, 0.1 AS n, 9007199254740993 AS i FROM generate_series(1, 1000);
INSERT INTO tenths SELECT d, 1e15, 0, 1e25, -9007199254740992 FROM tenths WHERE n = 0.1 LIMIT 1;
INSERT INTO tenths SELECT d, -1e15, 0, -1e25, 0 FROM tenths WHERE n = 0.1 LIMIT 1;
SELECT c, altlas.define_kpi('tenths', jsonb_build_object('kind', 'sum', 'source', 'tenths', 'time_column', 'd', 'value', c)),
       (SELECT value FROM altlas.kpi_rollup('tenths', 'year'))
  FROM unnest(ARRAY['f', 'r', 'n', 'i']) c;
SELECT sum(f) = 100 AS sum_of_doubles_is_exact FROM tenths;
-- NaN and infinities are as in numeric.
SELECT altlas.define_kpi('tenths', '{"kind": "sum", "source": "VALUES (date ''2024-01-01'', ''NaN''::float8), (''2024-01-02'', ''Infinity''), (''2024-01-03'', 1)",
    "time_column": "column1", "value": "column2", "direction": "up", "warn": 2}');
SELECT period_start, value, status, previous, change_ratio FROM altlas.kpi_rollup('tenths');

-- Hours and days over the clock changes of New York in 2013: one event every 20 minutes.
CREATE TABLE pulses AS SELECT t AS at FROM generate_series('2009-12-31 00:00+00'::timestamptz, '2017-01-02 00:00+00', '20 min') t;
SELECT altlas.define_kpi('ny', '{"kind": "count", "source": "pulses", "time_column": "at", "time_zone": "America/New_York"}');
SELECT period_start, period_start AT TIME ZONE 'America/New_York' AS local, value, period_end - period_start AS length
  FROM altlas.kpi_rollup('ny', 'hour', '2013-03-10 05:00+00', '2013-03-10 09:00+00');
SELECT period_start, period_start AT TIME ZONE 'America/New_York' AS local, value, period_end - period_start AS length
  FROM altlas.kpi_rollup('ny', 'hour', '2013-11-03 04:00+00', '2013-11-03 08:00+00');
SELECT period_start, period_end, value / 3 AS hours FROM altlas.kpi_rollup('ny', 'day', '2013-03-09 05:00+00', '2013-03-12 04:00+00');
SELECT period_start, period_end, value / 3 AS hours FROM altlas.kpi_rollup('ny', 'day', '2013-11-02 04:00+00', '2013-11-05 05:00+00');
-- Istanbul: summer time began a day late in 2011 and 2014, ended two weeks late in 2015, and has not ended since 2016.
SELECT altlas.define_kpi('ist', '{"kind": "count", "source": "pulses", "time_column": "at", "time_zone": "Europe/Istanbul"}');
SELECT (period_start AT TIME ZONE 'Europe/Istanbul')::date AS day, period_start, period_end, value / 3 AS hours
  FROM altlas.kpi_rollup('ist', 'day', '2009-12-31 22:00+00', '2016-12-31 21:00+00') WHERE value <> 72;
SELECT period_start, period_start AT TIME ZONE 'Europe/Istanbul' AS local, value
  FROM altlas.kpi_rollup('ist', 'hour', '2015-11-07 23:00+00', '2015-11-08 03:00+00');
SELECT period_start, period_end, value / 3 AS hours FROM altlas.kpi_rollup('ist', 'week', '2016-03-20 22:00+00', '2016-04-03 21:00+00');
SELECT period_start, period_end, value / 3 AS hours FROM altlas.kpi_rollup('ist', 'month', '2015-08-31 21:00+00', '2015-12-31 22:00+00');
SELECT period_start, period_end, value / 72 AS days FROM altlas.kpi_rollup('ist', 'quarter', '2015-12-31 22:00+00', '2016-12-31 21:00+00');
SELECT period_start, period_end, value / 72 AS days FROM altlas.kpi_rollup('ist', 'year', '2009-12-31 22:00+00', '2016-12-31 21:00+00');
-- No event is lost or counted twice, and periods touch.
SELECT grain, sum(value) = (SELECT count(*) FROM pulses) AS complete, bool_and(touches IS NOT false) AS touching
  FROM unnest(ARRAY['hour', 'day', 'week', 'month', 'quarter', 'year']) grain,
       LATERAL (SELECT value, period_start = lag(period_end) OVER (ORDER BY period_start) AS touches FROM altlas.kpi_rollup('ist', grain)) r
 GROUP BY grain ORDER BY grain;
-- Havana's clocks go back over midnight: the day has 25 hours and begins at the first of the two. Samoa had no 30 December 2011.
SELECT altlas.define_kpi('havana', '{"kind": "count", "source": "pulses", "time_column": "at", "time_zone": "America/Havana"}');
SELECT period_start, period_end, value / 3 AS hours FROM altlas.kpi_rollup('havana', 'day', '2015-10-31 04:00+00', '2015-11-03 05:00+00');
SELECT altlas.define_kpi('apia', '{"kind": "count", "source": "pulses", "time_column": "at", "time_zone": "Pacific/Apia"}');
SELECT period_start, (period_start AT TIME ZONE 'Pacific/Apia')::date AS day, value / 3 AS hours
  FROM altlas.kpi_rollup('apia', 'day', '2011-12-29 10:00+00', '2012-01-01 10:00+00');
-- Dates, and times without a zone, are of the definition's zone.
SELECT altlas.define_kpi('local', '{"kind": "count", "time_column": "column1", "time_zone": "Europe/Istanbul", "source": "VALUES (date ''2024-01-01''), (''2024-01-02'')"}');
SELECT period_start, value FROM altlas.kpi_rollup('local');
SELECT altlas.define_kpi('local', '{"kind": "count", "time_column": "column1", "time_zone": "Europe/Istanbul", "source": "VALUES (timestamp ''2024-01-01 23:59''), (''2024-01-02 00:00'')"}');
SELECT period_start, value FROM altlas.kpi_rollup('local');

-- Columns of odd names and types.
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TABLE "Odd ""table""" ("at {source}" timestamptz, "Mood" mood, n smallint, big numeric, code character(4), v varchar(8), day date, u uuid);
INSERT INTO "Odd ""table""" VALUES ('2024-01-01', 'bad', 3, 12345678901234567890, 'x', 'it''s \', '2024-02-01', '00000000-0000-0000-0000-000000000001');
SELECT altlas.define_kpi('odd', '{"kind": "count", "source": "\"Odd \"\"table\"\"\"", "time_column": "at {source}",
    "dimensions": ["Mood", "n", "big", "code", "v", "day", "u"]}');
SELECT dimensions, value FROM altlas.kpi_rollup('odd', by => '{Mood,n,big,code,v,day,u}');
SELECT value FROM altlas.kpi_rollup('odd', filter => '{"Mood": "bad", "n": 3.0, "code": "x", "v": "it''s \\", "day": "2024-02-01",
    "u": "00000000-0000-0000-0000-000000000001"}');

-- Bad definitions.
SELECT altlas.define_kpi(NULL, '{}');
SELECT altlas.define_kpi('x', NULL);
SELECT altlas.define_kpi('no spaces', '{}');
SELECT altlas.define_kpi('x', '[]');
SELECT altlas.define_kpi('x', '{"kind": "sum"}');
SELECT altlas.define_kpi('x', '{"kind": "p95", "source": "runs", "time_column": "ended_at"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "colour": "red"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "target": "high"}');
SELECT altlas.define_kpi('x', '{"kind": "sum", "source": "runs", "time_column": "ended_at"}');
SELECT altlas.define_kpi('x', '{"kind": "sum", "source": "runs", "time_column": "ended_at", "value": "cost", "numerator": "cost"}');
SELECT altlas.define_kpi('x', '{"kind": "ratio", "source": "runs", "time_column": "ended_at", "value": "cost", "numerator": "cost"}');
SELECT altlas.define_kpi('x', '{"kind": "sum", "source": "runs", "time_column": "ended_at", "value": "price"}');
SELECT altlas.define_kpi('x', '{"kind": "sum", "source": "runs", "time_column": "ended_at", "value": "queue"}');
SELECT altlas.define_kpi('x', '{"kind": "ratio", "source": "runs", "time_column": "ended_at", "numerator": "queue"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "queue"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "dimensions": ["tenant"]}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "dimensions": ["queue", "queue"]}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "filter": {"queue": 1}}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "filter": {"queue": []}}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "filter": {"queue": {"like": "a%"}}}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "time_zone": "Mars/Olympus"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "warn": 1}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "direction": "up", "warn": 1, "critical": 2}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at", "frequency": "fortnight"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "DELETE FROM runs", "time_column": "ended_at"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "SELECT 1) AS s; DROP TABLE runs; SELECT (1", "time_column": "ended_at"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "SELECT * FROM runs WHERE queue = $1", "time_column": "ended_at"}');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "no_such_table", "time_column": "ended_at"}');
-- Bad calls.
SELECT * FROM altlas.kpi_rollup(NULL);
SELECT * FROM altlas.kpi_rollup('nothing');
SELECT * FROM altlas.kpi_rollup('cost', 'minute');
SELECT * FROM altlas.kpi_rollup('cost', NULL);
SELECT * FROM altlas.kpi_rollup('cost', by => '{seconds}');
SELECT * FROM altlas.kpi_rollup('cost', by => '{queue,queue}');
SELECT * FROM altlas.kpi_rollup('cost', by => ARRAY[NULL]);
SELECT * FROM altlas.kpi_rollup('ny', by => '{queue}');
SELECT * FROM altlas.kpi_rollup('cost', filter => '{"seconds": 1}');
SELECT * FROM altlas.kpi_rollup('cost', filter => '{"queue": true}');
SELECT * FROM altlas.kpi_rollup('cost', filter => '["queue"]');
SELECT * FROM altlas.kpi_rollup('odd', filter => '{"n": 1.5}');
SELECT * FROM altlas.kpi_rollup('cost', since => '2024-02-01', until => '2024-01-01');
SELECT altlas.define_kpi('far', '{"kind": "count", "time_column": "column1", "source": "VALUES (date ''0001-01-01''), (''9999-12-31'')"}');
SELECT count(*), sum(value) FROM altlas.kpi_rollup('far', 'year');
SELECT * FROM altlas.kpi_rollup('far', 'hour');

-- A source is read by the rights of whoever calls, read-only.
CREATE ROLE regress_altlas_kpi;
SET client_min_messages = warning;
SELECT altlas.grant_access('regress_altlas_kpi', 'train');
CREATE FUNCTION leave_a_trace() RETURNS int LANGUAGE sql AS 'INSERT INTO runs (id) VALUES (0) RETURNING id';
SELECT altlas.define_kpi('trace', '{"kind": "count", "time_column": "at", "source": "SELECT now() AS at, leave_a_trace()", "value": "leave_a_trace"}');
SELECT * FROM altlas.kpi_rollup('trace');
SET ROLE regress_altlas_kpi;
SELECT altlas.define_kpi('stolen', '{"kind": "count", "source": "runs", "time_column": "ended_at"}');
SELECT * FROM altlas.kpi_rollup('cost');
SELECT count(*) FROM altlas.kpi;
SELECT altlas.define_kpi('mine', '{"kind": "count", "source": "VALUES (date ''2024-01-01'')", "time_column": "column1"}');
SELECT period_start, value FROM altlas.kpi_rollup('mine');
RESET ROLE;

-- Dropping, and what the audit log has.
SELECT altlas.drop_kpi('cost');
SELECT altlas.drop_kpi('cost');
SELECT altlas.drop_kpi(NULL);
SELECT action, object, before -> 'version' AS before, after -> 'version' AS after, active_role = current_user AS by_me
  FROM altlas.audit WHERE object IN ('cost', 'mine') ORDER BY audit_id;
BEGIN READ ONLY;
SELECT value FROM altlas.kpi_rollup('mine');
SELECT altlas.define_kpi('x', '{"kind": "count", "source": "runs", "time_column": "ended_at"}');
ROLLBACK;

SELECT count(altlas.drop_kpi(name)) > 10 AS dropped FROM altlas.kpis;
SELECT altlas.revoke_access('regress_altlas_kpi');
DROP ROLE regress_altlas_kpi;
DROP FUNCTION leave_a_trace();
DROP TABLE runs, tenths, pulses, "Odd ""table""";
DROP TYPE mood;
