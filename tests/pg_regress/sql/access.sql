SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

CREATE ROLE ac_nobody;
CREATE ROLE ac_scorer;
SELECT altlas.grant_access('ac_scorer', 'score');
SELECT altlas.grant_access('ac_missing', 'score'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.grant_access('ac_scorer', 'boss'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.grant_access(NULL, 'score'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.grant_access('ac_scorer', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT role_name, level FROM altlas.access WHERE role_name LIKE 'ac\_%';
SET ROLE ac_nobody;
SELECT * FROM altlas.models; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('m', ARRAY[1]); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SET ROLE ac_scorer;
SELECT count(*) > 0 AS sees_models FROM altlas.models;
SELECT label FROM altlas.classify_task('write the report');
SELECT count(*) FROM altlas.artefact_chunk; \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM altlas.model_version; \echo :LAST_ERROR_SQLSTATE
SELECT altlas.set_alias('m', 'a', 1); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.grant_access('ac_scorer', 'admin'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.audit; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- Up, down, and away.
SELECT altlas.grant_access('ac_scorer', 'admin'); \echo :LAST_ERROR_SQLSTATE
SET ROLE ac_scorer;
SELECT ok FROM altlas.verify_audit(); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT altlas.grant_access('ac_scorer', 'read');
SET ROLE ac_scorer;
SELECT ok FROM altlas.verify_audit(); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.predict('m', ARRAY[1]); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT altlas.revoke_access('ac_scorer'), altlas.revoke_access('ac_scorer');
SET ROLE ac_scorer;
SELECT * FROM altlas.models; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT action, object, before, after FROM altlas.audit WHERE object LIKE 'ac\_%' ORDER BY audit_id;
-- Everything has a level, and nothing is for everyone.
SELECT p.oid::regprocedure AS without_level FROM pg_proc p
 WHERE p.pronamespace = 'altlas'::regnamespace AND p.proname !~ '^_' AND NOT EXISTS (SELECT FROM altlas.api_level l WHERE l.name = p.proname);
SELECT l.name AS without_object FROM altlas.api_level l
 WHERE NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'altlas'::regnamespace AND p.proname = l.name)
   AND NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'altlas'::regnamespace AND c.relname = l.name);
SELECT p.oid::regprocedure AS public_function FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 WHERE p.pronamespace = 'altlas'::regnamespace AND a.grantee = 0;
SELECT c.oid::regclass AS public_relation FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
 WHERE c.relnamespace = 'altlas'::regnamespace AND a.grantee = 0;
DROP ROLE ac_nobody;
DROP OWNED BY ac_scorer;
DROP ROLE ac_scorer;
