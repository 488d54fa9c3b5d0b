-- Takes the first job that is due. $1 the worker. The expression is computed once, whatever the plan: joined as a subquery it may be computed
-- again for each row, and takes another job each time.
WITH next AS MATERIALIZED (
    SELECT q.job_id FROM altlas.job q
     WHERE q.state = 'queued' AND q.not_before <= pg_catalog.clock_timestamp()
     ORDER BY q.job_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE altlas.job j
   SET state = 'running', attempts = j.attempts + 1, worker = $1, phase = NULL, rate = NULL,
       started_at = pg_catalog.clock_timestamp()
  FROM next
 WHERE j.job_id = next.job_id
RETURNING j.job_id, j.kind, j.spec, j.submitted_by, j.attempts, j.row_count
