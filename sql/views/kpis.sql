CREATE VIEW altlas.kpis AS
SELECT k.name, k.definition ->> 'kind' AS kind, k.definition ->> 'unit' AS unit, k.definition ->> 'direction' AS direction,
       (k.definition ->> 'target')::double precision AS target, (k.definition ->> 'warn')::double precision AS warn,
       (k.definition ->> 'critical')::double precision AS critical, k.definition ->> 'source' AS source,
       k.definition ->> 'time_column' AS time_column,
       ARRAY(SELECT d.name
               FROM pg_catalog.jsonb_array_elements_text(coalesce(k.definition -> 'dimensions', '[]')) WITH ORDINALITY d (name, n)
              ORDER BY d.n) AS dimensions,
       coalesce(k.definition ->> 'time_zone', 'UTC') AS time_zone, k.definition ->> 'owner' AS owner,
       k.definition ->> 'description' AS description, k.version, k.updated_at
  FROM altlas.kpi k;
COMMENT ON VIEW altlas.kpis IS 'The KPIs that altlas.kpi_rollup computes.';
