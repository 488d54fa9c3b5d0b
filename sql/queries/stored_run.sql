SELECT r.project, r.task, r.algorithm, r.requested, r.source, r.target, r.options, r.row_count, r.data_sha256, r.graph_sha256,
       EXISTS (SELECT FROM altlas.artefact a WHERE a.sha256 = r.graph_sha256), r.threads, r.report,
       (extract(epoch FROM r.started_at) * 1000)::bigint, (extract(epoch FROM r.ended_at) * 1000)::bigint, r.submitted_by, r.metric
  FROM altlas.training_run r WHERE r.run_id = $1
