-- Adds to what is known of a version's inputs and answers in an hour.
INSERT INTO altlas.model_sketch AS k (model_version, sha256, hour, kind, position, name, count, state)
SELECT $1, $2, $3, n.kind, n.position, n.name, n.count, n.state
  FROM unnest($4::text[], $5::integer[], $6::text[], $7::bigint[], $8::bytea[]) n (kind, position, name, count, state)
ON CONFLICT (model_version, sha256, hour, kind, position) DO UPDATE SET
    name = excluded.name,
    count = k.count + excluded.count,
    state = altlas._merge_stats(k.state, excluded.state)
