SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

CREATE ROLE fb_ayse;
CREATE ROLE fb_bob;
CREATE ROLE fb_reviewer;
CREATE ROLE fb_reader;
SELECT altlas.grant_access(r, l) FROM (VALUES ('fb_ayse', 'score'), ('fb_bob', 'score'), ('fb_reviewer', 'train'), ('fb_reader', 'read')) v (r, l);
ALTER SEQUENCE altlas.feedback_id_seq RESTART 1;

-- The same correction of the same model is counted, whoever gives it.
SET ROLE fb_ayse;
SELECT altlas.give_feedback('ship the release', 'create', 'execute', comment => 'it goes out');
SELECT altlas.give_feedback('ship the release', 'create', 'execute', source => 'app');
SELECT altlas.give_feedback('ship the release', 'create', 'transform');
SELECT altlas.give_feedback('toplantı notlarını topla', NULL, 'search', 'altlas.task_type');
SET ROLE fb_bob;
SELECT altlas.give_feedback('ship the release', 'create', 'execute', comment => 'yes');
SELECT altlas.give_feedback('book a room', 'open', 'schedule');
-- Each sees what is his own, counted as his own.
SELECT feedback_id AS id, kind, model_version, input, predicted, correct, times, given_by, comments, origins, state FROM altlas.feedback ORDER BY 1;
SET ROLE fb_ayse;
SELECT feedback_id AS id, input, correct, times, given_by, comments, origins, reviewed FROM altlas.feedback ORDER BY 1;
SELECT altlas.review_feedback(1, true); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.feedback_set('altlas.task_type'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.feedback_entry; \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.feedback_giver; \echo :LAST_ERROR_SQLSTATE
-- No function of the reader's sees others' rows.
CREATE FUNCTION pg_temp.spy(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', t; RETURN true; END $$;
SELECT count(*) FROM altlas.feedback WHERE pg_temp.spy(input) AND input LIKE 'book%';
SET ROLE fb_reader;
SELECT altlas.give_feedback('a', 'b', 'c'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.feedback; \echo :LAST_ERROR_SQLSTATE
-- Who may review sees all.
SET ROLE fb_reviewer;
SELECT feedback_id AS id, input, correct, times, given_by, state FROM altlas.feedback ORDER BY 1;
SELECT count(*) FROM altlas.feedback_set('altlas.task_type');
SELECT text, label FROM altlas.feedback_set('altlas.task_type', include_unreviewed => true);
SELECT altlas.review_feedback(1, true);
SELECT altlas.review_feedback(2, false); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.review_feedback(feedback_id, false) FROM altlas.feedback WHERE correct = 'transform';
SELECT altlas.review_feedback(feedback_id, true, 'transform') FROM altlas.feedback WHERE input LIKE 'toplantı%';
SELECT input, correct, accepted_as, state, reviewed, reviewed_by, reviewed_at IS NOT NULL AS reviewed_at FROM altlas.feedback ORDER BY feedback_id;
SELECT text, label FROM altlas.feedback_set('altlas.task_type');
-- What was rejected stays so, also when it is given again; a review may be changed.
SELECT altlas.give_feedback('ship the release', 'create', 'transform');
SELECT text, label FROM altlas.feedback_set('altlas.task_type', true);
SELECT altlas.review_feedback(1, false);
SELECT text, label FROM altlas.feedback_set('altlas.task_type');
SELECT altlas.review_feedback(1, true);
RESET ROLE;
SELECT action, object, before, after FROM altlas.audit WHERE object LIKE 'feedback/%' ORDER BY audit_id;
-- A source of a training.
CREATE TABLE fb_more AS SELECT 'lock door ' || i AS text, CASE WHEN i % 2 = 0 THEN 'execute' ELSE 'search' END AS label FROM generate_series(1, 100) i;
SELECT project, version, deployed FROM altlas.train('fb_model', 'classification',
  'SELECT length(text) AS n, label FROM (SELECT * FROM altlas.feedback_set(''altlas.task_type'') UNION ALL SELECT * FROM fb_more) t', 'label', 'logistic');

-- Segments.
SELECT altlas.give_feedback('find the file and delete it', jsonb_agg(to_jsonb(s)), jsonb_agg(to_jsonb(s)), max(model_version), 'app') AS id
  FROM altlas.segment_text('find the file and delete it') s \gset
SELECT jsonb_pretty(correct::jsonb) FROM altlas.feedback WHERE feedback_id = :id;
SELECT altlas.review_feedback(:id, true, '[{"start_char": 0, "end_char": 13, "task_type": "search"}]');
SELECT kind, accepted_as FROM altlas.feedback WHERE feedback_id = :id;
SELECT count(*) FROM altlas.feedback_set('altlas.task_type') WHERE text LIKE 'find%';
SELECT altlas.give_feedback('hello', NULL::jsonb, '[]'::jsonb) > 0 AS asks_for_nothing;
SELECT altlas.give_feedback('call Bob', NULL::jsonb, '[{"start_char": 0, "end_char": 9, "task_type": "execute"}]'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback('call Bob', NULL::jsonb, '[{"start_char": 0, "end_char": 8, "task_type": "dance"}]'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback('call Bob', NULL::jsonb, '{"a": 1}'::jsonb); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.review_feedback(:id, true, 'no json'); \echo :LAST_ERROR_SQLSTATE

-- Bad input.
SELECT altlas.give_feedback(NULL, 'a', 'b'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback('a', 'b', NULL::text); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback(' ', 'a', 'b'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback('a', 'b', ' '); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback('a', 'b', repeat('c', 1001)); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback('a', 'b', 'c', comment => repeat('c', 10001)); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback(repeat('x', 1024 * 1024 + 1), 'b', 'c'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.give_feedback('a', 'b', 'c', 'no_such_model'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.review_feedback(999999, true); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.review_feedback(1, NULL); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.review_feedback(1, false, 'execute'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.feedback_set('no_such_model'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.feedback_set(NULL); \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT altlas.give_feedback('a', 'b', 'c'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
DROP TABLE fb_more;
SELECT altlas.revoke_access(r) FROM (VALUES ('fb_ayse'), ('fb_bob'), ('fb_reviewer'), ('fb_reader')) v (r);
-- Givers who are gone: their rows stay for those who review.
SET client_min_messages = warning;
DROP OWNED BY fb_ayse, fb_bob, fb_reviewer, fb_reader;
DROP ROLE fb_ayse, fb_bob, fb_reviewer, fb_reader;
SELECT count(*) FROM altlas.feedback WHERE 'fb_bob' = ANY (given_by);
