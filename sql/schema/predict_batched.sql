-- predict over a window: rows are read ahead and scored together (altlas.batch_size at once).

CREATE FUNCTION altlas.predict_batched(model text, features record, entity_key text DEFAULT NULL) RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_batched_record';
CREATE FUNCTION altlas.predict_batched(model text, features double precision[], entity_key text DEFAULT NULL) RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_batched_vector';
CREATE FUNCTION altlas.predict_batched(model text, features jsonb, entity_key text DEFAULT NULL) RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_batched_json';
CREATE FUNCTION altlas.predict_batched(model text, features text, entity_key text DEFAULT NULL) RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_batched_text';
CREATE FUNCTION altlas.predict_label_batched(model text, features record, entity_key text DEFAULT NULL) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_label_batched_record';
CREATE FUNCTION altlas.predict_label_batched(model text, features double precision[], entity_key text DEFAULT NULL) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_label_batched_vector';
CREATE FUNCTION altlas.predict_label_batched(model text, features jsonb, entity_key text DEFAULT NULL) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_label_batched_json';
CREATE FUNCTION altlas.predict_label_batched(model text, features text, entity_key text DEFAULT NULL) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE WINDOW COST 10000 AS 'MODULE_PATHNAME', 'altlas_predict_label_batched_text';
