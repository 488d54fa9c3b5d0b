-- The extension installs into a schema of its own and is the version its files say.
CREATE EXTENSION altlas;
SELECT e.extname, n.nspname AS schema, e.extrelocatable AS relocatable,
       e.extversion = a.default_version AS is_default_version
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_available_extensions a ON a.name = e.extname
WHERE e.extname = 'altlas';
-- Nothing of it lies outside that schema.
SELECT count(*) AS outside
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'altlas'
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
WHERE d.deptype = 'e' AND p.pronamespace <> e.extnamespace;
