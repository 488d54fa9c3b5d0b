INSERT INTO altlas.training_run (project, task, algorithm, source, target, options, row_count, data_sha256, metric, score, report,
                                 started_at, ended_at, submitted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, to_timestamp($12::float8 / 1000), to_timestamp($13::float8 / 1000), $14)
RETURNING run_id
