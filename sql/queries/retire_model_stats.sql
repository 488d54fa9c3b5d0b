-- Removes what is older than $1 minutes. Its counts stay in one row a version, so that counters never go back.
WITH gone AS (
    DELETE FROM altlas.model_stats_hour
     WHERE hour < now() - make_interval(mins => $1) AND hour > '-infinity'
    RETURNING *
), sketches AS (
    DELETE FROM altlas.model_sketch WHERE hour < now() - make_interval(mins => $1)
)
INSERT INTO altlas.model_stats_hour AS h
       (model_version, sha256, hour, calls, rows, errors, latency, batches, last_call)
SELECT g.model_version, g.sha256, '-infinity', sum(g.calls), sum(g.rows), altlas._merged_counts(g.errors),
       altlas._merged_stats(g.latency), altlas._merged_stats(g.batches), max(g.last_call)
  FROM gone g GROUP BY g.model_version, g.sha256
ON CONFLICT (model_version, sha256, hour) DO UPDATE SET
    calls = h.calls + excluded.calls,
    rows = h.rows + excluded.rows,
    errors = altlas._merge_counts(h.errors, excluded.errors),
    latency = altlas._merge_stats(h.latency, excluded.latency),
    batches = altlas._merge_stats(h.batches, excluded.batches),
    last_call = greatest(h.last_call, excluded.last_call)
