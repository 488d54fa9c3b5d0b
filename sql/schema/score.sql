-- The rows of a source, read by the caller's rights and scored in batches. `key` names a column that is given back as text.
CREATE FUNCTION altlas.score(model text, source text, key text DEFAULT NULL)
RETURNS TABLE (ordinal bigint, key_value text, value double precision, label text, proba double precision[], model_version text)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10000 AS 'MODULE_PATHNAME', 'altlas_score';
COMMENT ON FUNCTION altlas.score(text, text, text) IS
    'Scores every row of a source; columns are matched by name.';
