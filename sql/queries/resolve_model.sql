-- One version of a model: $1 name, $2 alias, $3 version (one of the two is NULL).
SELECT v.version_id, v.version, v.sha256, v.preprocess, v.manifest, m.task
  FROM altlas.model m
  JOIN altlas.model_version v ON v.model_id = m.model_id
 WHERE m.name = $1
   AND v.version = coalesce($3, (SELECT a.version FROM altlas.model_alias a WHERE a.model_id = m.model_id AND a.alias = $2))
