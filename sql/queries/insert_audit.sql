INSERT INTO altlas.audit_log (audit_id, at, session_role, active_role, action, object, before, after, row_hash)
SELECT n.audit_id, n.at, $1, $2, $3, $4, $5, $6, altlas._audit_row_hash(n.audit_id, n.at, $1, $2, $3, $4, $5, $6)
  FROM (SELECT pg_catalog.nextval('altlas.audit_log_id_seq') AS audit_id, pg_catalog.clock_timestamp() AS at) n
