-- Who may review sees everything, others what they, or roles whose rights they have, gave. A barrier: no function of the
-- reader's query sees a row before this was decided.
CREATE VIEW altlas.feedback WITH (security_barrier) AS
SELECT f.feedback_id, f.kind, f.model_version, f.input, f.predicted, f.correct, f.accepted_as, g.times, g.given_by, g.session_roles,
       g.comments, g.origins, g.first_at, g.last_at, f.state, f.state <> 'new' AS reviewed, f.reviewed_by, f.reviewed_at
  FROM altlas.feedback_entry f,
       LATERAL (SELECT sum(r.times)::bigint AS times, pg_catalog.array_agg(DISTINCT r.active_role) AS given_by,
                       pg_catalog.array_agg(DISTINCT r.session_role) AS session_roles,
                       pg_catalog.array_agg(r.comment ORDER BY r.last_at) FILTER (WHERE r.comment IS NOT NULL) AS comments,
                       pg_catalog.array_agg(DISTINCT r.origin) FILTER (WHERE r.origin IS NOT NULL) AS origins,
                       min(r.first_at) AS first_at, max(r.last_at) AS last_at
                  FROM altlas.feedback_giver r
                 WHERE r.feedback_id = f.feedback_id
                   AND ((SELECT pg_catalog.has_function_privilege('altlas.review_feedback(bigint, boolean, text)', 'EXECUTE'))
                        OR EXISTS (SELECT FROM pg_catalog.pg_roles o
                                    WHERE o.rolname = r.active_role AND pg_catalog.pg_has_role(o.oid, 'USAGE')))) g
 WHERE g.times IS NOT NULL;
COMMENT ON VIEW altlas.feedback IS 'Corrections of models'' answers: the caller''s own, or all for those who may review them.';
