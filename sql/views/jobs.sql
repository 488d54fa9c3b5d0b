CREATE VIEW altlas.jobs AS
SELECT j.job_id, j.kind, j.label, r.rolname AS role, j.state, j.phase, j.done, j.total,
       CASE WHEN j.total > 0 THEN round(100.0 * j.done / j.total, 1) END AS percent,
       j.started_at, j.ended_at
  FROM altlas._jobs() j LEFT JOIN pg_catalog.pg_roles r ON r.oid = j.role_id;
COMMENT ON VIEW altlas.jobs IS 'Trainings and other long work in this database: running, and the last that ended.';
