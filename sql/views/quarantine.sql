CREATE FUNCTION altlas.quarantine()
RETURNS TABLE (model_sha256 text, model text, crashes integer, last_crash timestamptz, reason text)
LANGUAGE sql VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
    SELECT q.model_sha256,
           (SELECT string_agg(m.name || coalesce('/' || m.version, ''), ', ' ORDER BY m.name, m.version)
              FROM altlas.models m WHERE m.sha256 = q.model_sha256),
           q.crashes, q.last_crash, q.reason
      FROM altlas._quarantine() q ORDER BY q.last_crash DESC, q.model_sha256
$$;
COMMENT ON FUNCTION altlas.quarantine() IS 'Models that ended the engine too often and are not used any more; without a name when another database has them.';
