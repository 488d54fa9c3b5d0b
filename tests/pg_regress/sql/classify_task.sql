SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

SELECT t AS input, c.rank, c.label, c.confidence BETWEEN 0.2 AND 1 AS sure, c.priority, c.model_version
  FROM (VALUES ('Mart ayı satış raporunu hazırla'), ('delete the old log files'), ('verileri analiz et'), ('yarın saat 10''da toplantı planla'),
               ('translate the page to German'), ('bu metni özetle'), ('URGENT: restart the server'), ('find flights to Ankara')) v (t),
       altlas.classify_task(t) c;
SELECT rank, count(*) OVER () AS all_ranks FROM altlas.classify_task('rapor yaz', top_k => 3);
SELECT count(*) AS ranks, round(sum(confidence)::numeric, 3) AS total FROM altlas.classify_task('rapor yaz', top_k => 100);
SELECT count(*) FROM altlas.classify_task(NULL);
SELECT count(*) FROM altlas.classify_task('  ');
SELECT count(*) FROM altlas.classify_task('🙂');
SELECT count(*) FROM altlas.classify_task(repeat('rapor ', 170000));
SELECT * FROM altlas.classify_task('x', top_k => 0); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.classify_task('x', 'no_such_model'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.classify_task(repeat('x', 1024 * 1024 + 1)); \echo :LAST_ERROR_SQLSTATE
