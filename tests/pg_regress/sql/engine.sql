SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

-- A call starts the engine; its status says so.
SELECT count(*) FROM altlas.classify_task('open the file');
SELECT engine_pid > 0 AS engine, supervisor_pid > 0 AS supervisor, state, started_at <= now() AS started, version, providers, models_loaded > 0 AS models,
       memory_bytes <= memory_budget_bytes AS within_budget, queue_depth, preloaded, note FROM altlas.engine_status();
-- The references are up to date with the code: scripts/docs.sh --check compares them; here, that they can be made.
SELECT count(*) > 20 AS errors, count(*) FILTER (WHERE sqlstate !~ '^[0-9A-Z]{5}$') AS malformed FROM altlas.error_codes();
SELECT name, setting, unit, context FROM pg_settings WHERE name LIKE 'altlas.%' ORDER BY name COLLATE "C";
