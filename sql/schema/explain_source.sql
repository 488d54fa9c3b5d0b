-- The rows of a source, read by the caller's rights, each explained. `key` names a column that is given back as text.
CREATE FUNCTION altlas.explain_source(model text, source text, key text DEFAULT NULL, options jsonb DEFAULT '{}')
RETURNS TABLE (ordinal bigint, key_value text, feature text, value text, contribution double precision, base double precision,
               prediction double precision, standard_error double precision, class text)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10000 AS 'MODULE_PATHNAME', 'altlas_explain_source';
COMMENT ON FUNCTION altlas.explain_source(text, text, text, jsonb) IS
    'Explains the answer for every row of a source; columns are matched by name.';
