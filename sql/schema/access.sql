-- Who may do what. Levels include the ones before them: read < score < train < admin.

CREATE TABLE altlas.access (
    role_name  text PRIMARY KEY,
    level      text NOT NULL CHECK (level IN ('read', 'score', 'train', 'admin')),
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE altlas.access IS 'Levels granted by altlas.grant_access; applied again when altlas is upgraded.';
SELECT pg_catalog.pg_extension_config_dump('altlas.access', '');

-- The level that each function and view asks for. Names that begin with an underscore and are not here are internal.
CREATE TABLE altlas.api_level (
    name  text PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('read', 'score', 'train', 'admin'))
);
INSERT INTO altlas.api_level (level, name) VALUES
    ('read', 'quarantine'), ('read', '_quarantine'), ('admin', 'release_quarantine');
INSERT INTO altlas.api_level (level, name)
SELECT 'read', unnest(ARRAY['models', 'kpis', 'training_runs', 'leaderboard', 'jobs', '_jobs', 'engine_status', 'error_codes'])
UNION ALL
SELECT 'read', unnest(ARRAY['model_stats', 'model_stats_hourly', 'feature_stats', 'label_stats', 'metrics',
                            '_histogram_summary', '_sketch_summary', '_label_counts', '_merged_stats', '_merged_counts'])
UNION ALL
SELECT 'score', unnest(ARRAY['segment_text', 'segment_svg', 'classify_task', 'predict_duration', 'predict_interval', 'detect_anomaly', 'anomaly_score', 'kpi_rollup',
                             'predict', 'predict_label', 'predict_proba', 'predict_vector', 'predict_row',
                             'predict_batched', 'predict_label_batched', 'predict_array', 'predict_label_array', 'score'])
UNION ALL
SELECT 'score', unnest(ARRAY['embed', 'embed_array', 'embed_all', 'segment_array', 'segment_all'])
UNION ALL
SELECT 'train', unnest(ARRAY['register_text_model', 'register_text_artefacts'])
UNION ALL
SELECT 'train', unnest(ARRAY['train', 'register_model', 'register_artefact', 'begin_artefact', 'append_artefact',
                             'finish_artefact', 'set_alias', 'drop_alias', 'drop_version', 'pin_builtin',
                             'define_kpi', 'drop_kpi', 'install_task_schema'])
UNION ALL
SELECT 'score', unnest(ARRAY['submit', 'job_status', 'job_result', 'wait_job', 'cancel_job'])
UNION ALL
SELECT 'train', unnest(ARRAY['train_async', 'train_result'])
UNION ALL
SELECT 'score', unnest(ARRAY['give_feedback', 'feedback'])
UNION ALL
SELECT 'train', unnest(ARRAY['review_feedback', 'feedback_set', 'quantize', 'distill'])
UNION ALL
SELECT 'score', unnest(ARRAY['compare_models', 'analyze_tasks', 'explain', 'explain_source', 'importance', 'partial_dependence', 'counterfactual'])
UNION ALL
SELECT 'read', unnest(ARRAY['comparisons', 'compare_runs'])
UNION ALL
SELECT 'train', unnest(ARRAY['reproduce', 'export_mlflow', 'import_mlflow'])
UNION ALL
SELECT 'score', unnest(ARRAY['task_history_query'])
UNION ALL
SELECT 'admin', unnest(ARRAY['grant_access', 'revoke_access', 'audit', 'verify_audit', 'audit_head', 'access']);

-- Gives `role_name` what its level includes, and takes the rest.
CREATE FUNCTION altlas._apply_access(role_name text, level text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    levels constant text[] := ARRAY['read', 'score', 'train', 'admin'];
    granted constant integer := coalesce(array_position(levels, level), 0);
    entry record;
BEGIN
    IF granted > 0 THEN
        EXECUTE format('GRANT USAGE ON SCHEMA altlas TO %I', role_name);
    ELSE
        EXECUTE format('REVOKE ALL ON SCHEMA altlas FROM %I', role_name);
    END IF;
    FOR entry IN
        SELECT format('EXECUTE ON FUNCTION %s', p.oid::regprocedure) AS what, l.level
          FROM pg_proc p JOIN altlas.api_level l ON l.name = p.proname WHERE p.pronamespace = 'altlas'::regnamespace
        UNION ALL
        SELECT format('SELECT ON %s', c.oid::regclass), l.level
          FROM pg_class c JOIN altlas.api_level l ON l.name = c.relname
         WHERE c.relnamespace = 'altlas'::regnamespace AND c.relkind IN ('v', 'r')
    LOOP
        IF array_position(levels, entry.level) <= granted THEN
            EXECUTE format('GRANT %s TO %I', entry.what, role_name);
        ELSE
            EXECUTE format('REVOKE %s FROM %I', entry.what, role_name);
        END IF;
    END LOOP;
END
$$;
