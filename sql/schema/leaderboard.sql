-- The candidates of a project's trainings, the best first. The trainings are those that the caller may see.
CREATE FUNCTION altlas.leaderboard(project text)
RETURNS TABLE (rank integer, algorithm text, hyperparams jsonb, metric text, score double precision,
               lower double precision, upper double precision, seconds double precision, baseline boolean,
               version integer, run_id bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    WITH candidates AS (
        SELECT c.entry ->> 'algorithm' AS algorithm, c.entry -> 'hyperparams' AS hyperparams, c.entry ->> 'metric' AS metric,
               (c.entry ->> 'score')::double precision AS score,
               (c.entry -> 'interval' ->> 0)::double precision AS lower, (c.entry -> 'interval' ->> 1)::double precision AS upper,
               (c.entry ->> 'seconds')::double precision AS seconds,
               coalesce((c.entry ->> 'baseline')::boolean, false) AS baseline,
               CASE WHEN c.entry ->> 'lower_is_better' = 'false' THEN -1 ELSE 1 END AS direction,
               -- The candidate that was kept, by what it is made of. Of texts the number of buckets is told beside what was tried.
               c.entry ->> 'algorithm' = r.algorithm
                 AND c.entry -> 'hyperparams' IN (r.report -> 'training' -> 'hyperparams', (r.report -> 'training' -> 'hyperparams') - 'buckets')
                 AS kept,
               r.run_id, c.number
          FROM altlas.training_runs r,
               jsonb_array_elements(r.report -> 'leaderboard') WITH ORDINALITY c (entry, number)
         WHERE r.project = leaderboard.project AND c.entry -> 'pruned' IS NULL
    )
    SELECT (rank() OVER (PARTITION BY c.metric ORDER BY c.direction * c.score NULLS LAST))::integer, c.algorithm, c.hyperparams, c.metric,
           c.score, c.lower, c.upper, c.seconds, c.baseline,
           CASE WHEN c.kept THEN (SELECT m.version FROM altlas.models m WHERE m.run_id = c.run_id) END, c.run_id
      FROM candidates c
     ORDER BY c.metric, 1, c.run_id, c.number
$$;
COMMENT ON FUNCTION altlas.leaderboard(text) IS 'The candidates of a project''s trainings, the best first.';
