-- $1 a role's name, $2 a function of altlas: the role, and whether it may call the function. No row: there is no such role.
SELECT r.oid, pg_catalog.has_schema_privilege(r.oid, 'altlas', 'USAGE')
              AND (SELECT pg_catalog.bool_and(pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE'))
                     FROM pg_catalog.pg_proc p
                    WHERE p.pronamespace = 'altlas'::pg_catalog.regnamespace AND p.proname = $2)
  FROM pg_catalog.pg_roles r
 WHERE r.rolname = $1
