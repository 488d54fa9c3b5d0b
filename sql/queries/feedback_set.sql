-- $1 model, $2 version or NULL for all, $3 whether entries that nobody reviewed count, too. One label an input: the one given
-- most often, then the one given last.
SELECT DISTINCT ON (s.input) s.input, s.label
  FROM (SELECT f.input, coalesce(f.accepted_as, f.correct) AS label, sum(g.times) AS times, max(g.last_at) AS last_at
          FROM altlas.feedback_entry f JOIN altlas.feedback_giver g USING (feedback_id)
         WHERE f.kind = 'label' AND f.model = $1 AND ($2::text IS NULL OR f.model_version = $2)
           AND (f.state = 'accepted' OR ($3 AND f.state = 'new'))
         GROUP BY 1, 2) s
 ORDER BY s.input, s.times DESC, s.last_at DESC, s.label
