CREATE VIEW altlas.jobs AS
SELECT j.job_id, j.kind, j.label, r.rolname AS role, j.state, j.phase, j.done, j.total,
       CASE WHEN j.total > 0 THEN round(100.0 * j.done / j.total, 1) END AS percent,
       j.started_at, j.ended_at,
       j.done / NULLIF(extract(epoch FROM coalesce(j.ended_at, clock_timestamp()) - j.started_at), 0)::double precision AS rate,
       NULL::timestamptz AS submitted_at, NULL::timestamptz AS expires_at
  FROM altlas._jobs() j LEFT JOIN pg_catalog.pg_roles r ON r.oid = j.role_id
 WHERE NOT EXISTS (SELECT FROM altlas.job a WHERE a.job_id = j.job_id)
UNION ALL
SELECT a.job_id, a.kind, a.label, a.submitted_by::name, a.state, coalesce(a.phase, ''), a.done, a.total,
       CASE WHEN a.total > 0 THEN round(100.0 * a.done / a.total, 1) END,
       a.started_at, a.ended_at, a.rate, a.submitted_at, a.expires_at
  FROM altlas.job a;
COMMENT ON VIEW altlas.jobs IS 'Work in this database: trainings that run and the last that ended, and every asynchronous job that is kept.';
