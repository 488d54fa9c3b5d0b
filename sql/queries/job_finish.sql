-- The end of a job: $1 number, $2 state, $3 result, $4 to $7 SQLSTATE, message, detail and hint of a failure, $8 seconds to keep it.
WITH ended AS (
    UPDATE altlas.job
       SET state = $2, result = $3, error_code = $4, error = $5, error_detail = $6, error_hint = $7, worker = NULL, phase = NULL,
           done = CASE WHEN $2 = 'done' THEN coalesce(total, done) ELSE done END,
           ended_at = moment.now,
           expires_at = moment.now + pg_catalog.make_interval(secs => $8)
      FROM (SELECT pg_catalog.clock_timestamp() AS now) moment
     WHERE job_id = $1
    RETURNING job_id, kind, state, label
), input AS (
    DELETE FROM altlas.job_input i USING ended e WHERE i.job_id = e.job_id
), output AS (
    -- Scores of an attempt that did not come to its end are nobody's.
    DELETE FROM altlas.job_output o USING ended e WHERE o.job_id = e.job_id AND e.state <> 'done'
)
SELECT pg_catalog.pg_notify('altlas_jobs', pg_catalog.jsonb_build_object(
           'job_id', e.job_id, 'kind', e.kind, 'state', e.state, 'label', e.label)::text)
  FROM ended e
