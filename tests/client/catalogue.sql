-- The SQL surface of altlas as the catalogue has it: one line a thing. Compared with sql/snapshot.txt and across upgrades by
-- test_upgrade.py. View definitions are left to the upgrade test: servers of different versions print them differently.
SELECT line FROM (
    SELECT format('schema altlas owner-only %s', NOT EXISTS (
               SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a WHERE a.grantee <> n.nspowner)) AS line
      FROM pg_namespace n WHERE n.nspname = 'altlas'
    UNION ALL
    SELECT format('function %s(%s) returns %s %s %s %s%s%s cost %s rows %s%s%s', p.proname, pg_get_function_arguments(p.oid),
                  pg_get_function_result(p.oid),
                  CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
                  CASE p.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' ELSE 'parallel unsafe' END,
                  l.lanname, CASE WHEN p.proisstrict THEN ' strict' ELSE '' END,
                  CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END, p.procost, p.prorows,
                  coalesce(' set ' || array_to_string(p.proconfig, ', '), ''),
                  CASE WHEN p.prokind <> 'f' THEN ' kind ' || p.prokind::text ELSE '' END)
           || coalesce((SELECT ' acl ' || string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN p.proowner THEN 'owner' ELSE 'other' END
                                                     || '=' || a.privilege_type, ' ' ORDER BY a.grantee, a.privilege_type)
                          FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a), '')
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'altlas'::regnamespace
    UNION ALL
    SELECT format('%s %s%s', CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'relation ' || c.relkind::text END,
                  c.relname, coalesce(' options ' || array_to_string(c.reloptions, ', '), ''))
           || coalesce((SELECT ' acl ' || string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN c.relowner THEN 'owner' ELSE 'other' END,
                                                     ' ' ORDER BY a.grantee)
                          FROM (SELECT DISTINCT grantee FROM aclexplode(c.relacl)) a), ' acl default')
           || CASE WHEN c.oid = ANY (e.extconfig)
                   THEN format(' dumped where (%s)', e.extcondition[array_position(e.extconfig, c.oid)]) ELSE '' END
      FROM pg_class c LEFT JOIN pg_extension e ON e.extname = 'altlas'
     WHERE c.relnamespace = 'altlas'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'S', 'p', 'f')
    UNION ALL
    SELECT format('column %s.%s %s %s%s%s storage %s', c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
                  coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''), a.attstorage)
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'altlas'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
    UNION ALL
    -- Not-null constraints are rows of this table since PostgreSQL 18 only, and columns tell them anyway.
    SELECT format('constraint %s on %s %s', k.conname, k.conrelid::regclass, pg_get_constraintdef(k.oid))
      FROM pg_constraint k WHERE k.connamespace = 'altlas'::regnamespace AND k.contype <> 'n'
    UNION ALL
    SELECT format('index %s', pg_get_indexdef(i.indexrelid))
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'altlas'::regnamespace
    UNION ALL
    SELECT format('trigger %s on %s', t.tgname, t.tgrelid::regclass)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'altlas'::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT format('level %s %s', name, level) FROM altlas.api_level
    UNION ALL
    SELECT format('not a member: %s', pg_describe_object('pg_class'::regclass, c.oid, 0))
      FROM pg_class c WHERE c.relnamespace = 'altlas'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'S', 'p', 'f')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
) surface
ORDER BY line COLLATE "C"
