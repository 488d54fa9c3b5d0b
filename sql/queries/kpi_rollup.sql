-- The groups of one rollup, with the empty periods between the first and the last. Words in braces are filled in by `store::kpi`.
-- It runs by the caller's search_path, hence the qualified functions and operators.
-- $1 time zone, $2 grain, $3 its length, $4 since, $5 until, $6 most rows; the filters' values follow.
WITH sample AS (
    SELECT {time} AS ts{columns}
      FROM (
{source}
           ) AS s
     WHERE {conditions}
), total AS (
    SELECT {bucket} AS bucket{dimensions}, {value} AS value, {samples} AS samples
      FROM sample
     WHERE pg_catalog.isfinite(ts)
       AND ($4 IS NULL OR ts OPERATOR(pg_catalog.>=) $4)
       AND ($5 IS NULL OR ts OPERATOR(pg_catalog.<) $5)
     GROUP BY {groups}
), ranked AS (
    SELECT bucket, value, samples, {object} AS dimensions,
           pg_catalog.dense_rank() OVER ({order}) AS combination
      FROM total
), combination AS (
    SELECT DISTINCT ON (combination) combination, dimensions FROM ranked
), series AS (
    -- Made in the select list, one by one, so that a stray time stamp makes no more than the limit takes.
    SELECT pg_catalog.generate_series(pg_catalog.min(bucket), pg_catalog.max(bucket), $3) AS bucket
      FROM ranked
     LIMIT (SELECT $6 OPERATOR(pg_catalog./) GREATEST(pg_catalog.count(*), 1) OPERATOR(pg_catalog.+) 1 FROM combination)
), calendar AS (
{calendar}
)
SELECT c.period_start, c.period_end, k.combination, k.dimensions, t.value::pg_catalog.float8, t.samples,
       c.period_end OPERATOR(pg_catalog.<=) pg_catalog.now() AS is_final
  FROM calendar c
 CROSS JOIN combination k
  LEFT JOIN ranked t ON t.bucket OPERATOR(pg_catalog.=) c.bucket AND t.combination OPERATOR(pg_catalog.=) k.combination
 ORDER BY k.combination, c.period_start
 LIMIT $6 OPERATOR(pg_catalog.+) 1
