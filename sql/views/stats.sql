CREATE VIEW altlas.model_stats AS
SELECT s.model_version, s.since, s.calls, s.rows, e.errors, e.errors::double precision / nullif(s.calls, 0) AS error_rate,
       s.rows::double precision / nullif(s.calls - e.errors, 0) AS rows_per_call,
       l.mean / 1e6 AS mean_latency_ms, l.p50 / 1e6 AS p50_latency_ms, l.p95 / 1e6 AS p95_latency_ms,
       l.p99 / 1e6 AS p99_latency_ms, l.max / 1e6 AS max_latency_ms, b.mean AS mean_batch,
       s.last_call AS last_called, s.error_codes, s.sha256
  FROM (SELECT h.model_version, h.sha256, min(h.hour) AS since, sum(h.calls)::bigint AS calls, sum(h.rows)::bigint AS rows,
               altlas._merged_counts(h.errors) AS error_codes, altlas._merged_stats(h.latency) AS latency,
               altlas._merged_stats(h.batches) AS batches, max(h.last_call) AS last_call
          FROM altlas.model_stats_hour h WHERE h.hour > '-infinity' GROUP BY h.model_version, h.sha256) s,
       LATERAL altlas._histogram_summary(s.latency) l,
       LATERAL altlas._histogram_summary(s.batches) b,
       LATERAL (SELECT coalesce(sum(c.value::bigint), 0)::bigint AS errors
                  FROM pg_catalog.jsonb_each_text(s.error_codes) c) e;
COMMENT ON VIEW altlas.model_stats IS 'How often each model version was called, how fast it answered and how often it failed.';

CREATE VIEW altlas.model_stats_hourly AS
SELECT h.model_version, h.hour, h.calls, h.rows, e.errors, e.errors::double precision / nullif(h.calls, 0) AS error_rate,
       l.mean / 1e6 AS mean_latency_ms, l.p50 / 1e6 AS p50_latency_ms, l.p95 / 1e6 AS p95_latency_ms,
       l.p99 / 1e6 AS p99_latency_ms, b.mean AS mean_batch, h.sha256
  FROM altlas.model_stats_hour h,
       LATERAL altlas._histogram_summary(h.latency) l,
       LATERAL altlas._histogram_summary(h.batches) b,
       LATERAL (SELECT coalesce(sum(c.value::bigint), 0)::bigint AS errors FROM pg_catalog.jsonb_each_text(h.errors) c) e
 WHERE h.hour > '-infinity';
COMMENT ON VIEW altlas.model_stats_hourly IS 'The same for each hour.';

CREATE VIEW altlas.feature_stats AS
SELECT k.model_version, k.kind, k.position, k.feature, k.since, n.count, n.missing_share, n.mean, n.stddev, n.min, n.p05, n.p50,
       n.p95, n.max, n.infinite, n.sampled, k.sha256
  FROM (SELECT s.model_version, s.sha256, s.kind, s.position, (pg_catalog.array_agg(s.name ORDER BY s.hour DESC))[1] AS feature,
               min(s.hour) AS since, altlas._merged_stats(s.state) AS state
          FROM altlas.model_sketch s WHERE s.kind <> 'label' GROUP BY s.model_version, s.sha256, s.kind, s.position) k,
       LATERAL altlas._sketch_summary(k.state) n;
COMMENT ON VIEW altlas.feature_stats IS 'Distribution of the numbers that models were given and answered.';

CREATE VIEW altlas.label_stats AS
SELECT k.model_version, l.label, l.count, l.count::double precision / nullif(l.total, 0) AS share, k.since, k.sha256
  FROM (SELECT s.model_version, s.sha256, min(s.hour) AS since, altlas._merged_stats(s.state) AS state
          FROM altlas.model_sketch s WHERE s.kind = 'label' GROUP BY s.model_version, s.sha256) k,
       LATERAL altlas._label_counts(k.state) l;
COMMENT ON VIEW altlas.label_stats IS 'How often models answered with each class.';
