-- The catalogue of KPIs. A definition is checked by altlas.define_kpi; its schema grows with the kinds of KPI, so it is one document.

CREATE TABLE altlas.kpi (
    name       text PRIMARY KEY CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,62}$'),
    definition jsonb NOT NULL CHECK (jsonb_typeof(definition) = 'object'),
    version    integer NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text NOT NULL
);
COMMENT ON TABLE altlas.kpi IS 'What altlas.define_kpi defined; the version counts the changes of a definition.';
SELECT pg_catalog.pg_extension_config_dump('altlas.kpi', '');
