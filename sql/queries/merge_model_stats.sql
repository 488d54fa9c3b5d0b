-- Adds to what is known of a version's hour.
INSERT INTO altlas.model_stats_hour AS h
       (model_version, sha256, hour, calls, rows, errors, latency, batches, last_call)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (model_version, sha256, hour) DO UPDATE SET
    calls = h.calls + excluded.calls,
    rows = h.rows + excluded.rows,
    errors = altlas._merge_counts(h.errors, excluded.errors),
    latency = altlas._merge_stats(h.latency, excluded.latency),
    batches = altlas._merge_stats(h.batches, excluded.batches),
    last_call = greatest(h.last_call, excluded.last_call)
