SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;

-- A whole drawing.
SELECT altlas.segment_svg('Find the report, then open the door and send it to Bob');
-- Hostile text is shown, not obeyed.
SELECT altlas.segment_svg('open "<script>alert(1)</script>"') LIKE '%<script%' AS script,
       altlas.segment_svg('open "<script>alert(1)</script>"') LIKE '%&lt;script&gt;%' AS escaped;
-- What is left out is told, and the drawing stays small.
SELECT substring(svg FROM 'The first \d+ of \d+ segments are drawn') AS note, substring(svg FROM 'The text goes on') AS more, length(svg) < 300000 AS small
  FROM altlas.segment_svg(repeat('delete the file. ', 5000)) svg;
SELECT substring(altlas.segment_svg('open the door. close it. lock it.', max_segments => 2) FROM 'The first \d+ of \d+ segments are drawn') AS note;
SELECT substring(altlas.segment_svg('') FROM 'The text is empty') AS nothing, substring(altlas.segment_svg('Merhaba') FROM 'No task was found') AS no_task;
SELECT altlas.segment_svg(NULL) IS NULL AS null_in_null_out;
SELECT altlas.segment_svg('rapor yaz', 'tr') LIKE '%xml:lang="tr"%' AS language;
BEGIN READ ONLY;
SELECT length(altlas.segment_svg('open the door')) > 0 AS read_only;
COMMIT;
-- Bad input.
SELECT altlas.segment_svg('x', 'klingon'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.segment_svg('delete it', model => 'no_such_model'); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.segment_svg('x', max_segments => 0); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.segment_svg('x', max_segments => 1001); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.segment_svg('x', max_segments => NULL); \echo :LAST_ERROR_SQLSTATE
SELECT altlas.segment_svg(repeat('x', 1024 * 1024 + 1)); \echo :LAST_ERROR_SQLSTATE
