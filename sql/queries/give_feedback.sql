-- $1 kind, $2 model, $3 version, $4 input, $5 predicted, $6 correct, $7 digest, $8 session role, $9 active role, $10 origin, $11 comment.
-- The entry's row is written in any case: it locks it until the giver's is there.
WITH entry AS (
    INSERT INTO altlas.feedback_entry AS f (kind, model, model_version, input, predicted, correct, digest)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (digest) DO UPDATE SET predicted = coalesce(excluded.predicted, f.predicted)
    RETURNING feedback_id
)
INSERT INTO altlas.feedback_giver AS g (feedback_id, session_role, active_role, origin, comment)
SELECT feedback_id, $8, $9, $10, $11 FROM entry
ON CONFLICT (feedback_id, session_role, active_role) DO UPDATE
   SET times = g.times + 1, last_at = excluded.last_at, origin = coalesce(excluded.origin, g.origin),
       comment = coalesce(excluded.comment, g.comment)
RETURNING feedback_id
