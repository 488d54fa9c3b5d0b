-- Everything that was ever counted of a version, also what its hours no longer tell.
SELECT h.model_version, sum(h.calls)::bigint, sum(h.rows)::bigint, altlas._merged_counts(h.errors),
       altlas._merged_stats(h.latency), altlas._merged_stats(h.batches),
       extract(epoch FROM max(h.last_call))::double precision
  FROM altlas.model_stats_hour h GROUP BY h.model_version ORDER BY h.model_version
