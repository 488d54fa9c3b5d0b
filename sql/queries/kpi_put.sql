-- $1 name, $2 definition, $3 role. Gives no row when the definition is the one that is there.
INSERT INTO altlas.kpi AS k (name, definition, version, created_by, updated_by) VALUES ($1, $2, 1, $3, $3)
ON CONFLICT (name) DO UPDATE
   SET definition = excluded.definition, version = k.version + 1, updated_at = now(), updated_by = excluded.updated_by
 WHERE k.definition <> excluded.definition
RETURNING version
