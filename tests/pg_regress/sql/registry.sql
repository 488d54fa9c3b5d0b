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
INSERT INTO file VALUES ('foreign', decode('CAg6QQoWCgFYEgFZIgRFdmlsOghjb20uZXZpbBIBZ1oRCgFYEgwKCggBEgYKAAoCCAJiEQoBWRIMCgoIARIGCgAKAggCQgQKABARQgwKCGNvbS5ldmlsEAE=', 'base64'));
INSERT INTO file VALUES ('external', decode('CAg6YgoRCgFYCgF3EgFZIgZNYXRNdWwSAWcqJAgCCAEQAUIBd2oXCghsb2NhdGlvbhILL2V0Yy9wYXNzd2RwAVoRCgFYEgwKCggBEgYKAAoCCAJiEQoBWRIMCgoIARIGCgAKAggBQgQKABAR', 'base64'));
\set ECHO all

-- Registering: the first version goes into production, later ones wait.
SELECT altlas.register_model('reg_linear', bytes, '{"task": "regression", "columns": ["a", "b", "c"],
  "test_vectors": [{"input": [5.1, 3.5, 1.4], "output": [0.21625]}]}') FROM file WHERE name = 'linear';
SELECT altlas.register_model('reg_linear', bytes, '{"task": "regression", "columns": ["a", "b", "c"]}') FROM file WHERE name = 'linear';
SELECT name, version, task, aliases, size_bytes, left(sha256, 12) AS sha256, columns, builtin FROM altlas.models WHERE name LIKE 'reg\_%' ORDER BY 1, 2;
SELECT altlas.set_alias('reg_linear', 'challenger', 2);
SELECT altlas.set_alias('reg_linear', 'production', 2);
SELECT name, version, aliases FROM altlas.models WHERE name LIKE 'reg\_%' ORDER BY 1, 2;
SELECT altlas.drop_version('reg_linear', 2); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.drop_alias('reg_linear', 'challenger'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.drop_alias('reg_linear', 'challenger'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.drop_version('reg_linear', 1); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.drop_version('reg_linear', 1); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.set_alias('reg_linear', 'x', 9); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.set_alias('reg_nothing', 'x', 1); \echo :LAST_ERROR_SQLSTATE

-- Refused models.
SELECT altlas.register_model('reg_bad', 'nonsense'::bytea); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_bad', ''::bytea); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_bad', bytes) FROM file WHERE name = 'foreign'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_bad', bytes) FROM file WHERE name = 'external'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_bad', bytes, '{"test_vectors": [{"input": [1, 2, 3], "output": [99]}]}') FROM file WHERE name = 'linear'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_bad', bytes, '{"colums": []}') FROM file WHERE name = 'linear'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_bad', bytes, '[]') FROM file WHERE name = 'linear'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_linear', bytes, '{"task": "classification"}') FROM file WHERE name = 'classifier'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('no good', bytes) FROM file WHERE name = 'linear'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('altlas.mine', bytes) FROM file WHERE name = 'linear'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model(NULL, bytes) FROM file WHERE name = 'linear'; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_model('reg_bad', NULL); \echo :LAST_ERROR_SQLSTATE
SET altlas.max_model_size = '1kB';
SELECT altlas.register_model('reg_bad', decode(repeat('00', 2000), 'hex')); \echo :LAST_ERROR_SQLSTATE
RESET altlas.max_model_size;
SELECT count(*) AS nothing_left FROM altlas.models WHERE name = 'reg_bad';

-- Uploads in pieces. (Field 6 of an ONNX model is its description.)
INSERT INTO file SELECT 'described', bytes || '\x3206'::bytea || 'pieces'::bytea FROM file WHERE name = 'classifier';
SELECT encode(sha256(bytes), 'hex') AS sha, length(bytes) AS size FROM file WHERE name = 'described' \gset
SELECT altlas.begin_artefact(:'sha', :size);
SELECT altlas.append_artefact(:'sha', substr(bytes, 1, 100)) FROM file WHERE name = 'described';
SELECT altlas.finish_artefact(:'sha'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.register_artefact('reg_pieces', :'sha'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.append_artefact(:'sha', substr(bytes, 101)) FROM file WHERE name = 'described';
SELECT altlas.append_artefact(:'sha', 'more'::bytea); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.finish_artefact(:'sha') = :'sha' AS finished;
SELECT altlas.finish_artefact(:'sha'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.begin_artefact(:'sha', :size);
SELECT altlas.register_artefact('reg_pieces', :'sha', '{"task": "classification", "columns": ["x", "y"]}');
SELECT altlas.begin_artefact('abc', 5); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.begin_artefact(repeat('0', 64), 0); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.begin_artefact(repeat('0', 64), 4);
SELECT altlas.append_artefact(repeat('0', 64), 'test'::bytea);
SELECT altlas.finish_artefact(repeat('0', 64)); \echo :LAST_ERROR_SQLSTATE

-- Built-in models.
SELECT name, task, algorithm, builtin FROM altlas.models WHERE builtin;
SELECT altlas.pin_builtin('altlas.task_type', 'reg_pinned');
SELECT label FROM altlas.classify_task('delete the old logs', 'reg_pinned');
SELECT altlas.pin_builtin('altlas.nothing', 'reg_pinned'); \echo :LAST_ERROR_SQLSTATE

-- What the audit log says of it.
SELECT action, object, before, after - 'sha256' AS after FROM altlas.audit WHERE object LIKE 'reg\_%' ORDER BY audit_id;
BEGIN READ ONLY;
SELECT altlas.set_alias('reg_linear', 'x', 2); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
