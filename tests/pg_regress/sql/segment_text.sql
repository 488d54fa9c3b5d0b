SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS altlas;
RESET client_min_messages;
SET timezone = 'UTC';

-- The platform's sample commands.
SELECT ordinal AS n, start_char AS s, end_char AS e, content, task_type, depends_on AS deps, dependency_kind AS kind, connector
  FROM altlas.segment_text('Search for recent AI papers, then analyze the results, and finally create a summary report in pdf format.');
SELECT ordinal AS n, content, task_type, depends_on AS deps, connector FROM altlas.segment_text('Do Task 1 then Task 2 and after that Task 3');
SELECT ordinal AS n, content, task_type, depends_on AS deps, connector FROM altlas.segment_text('Tüm .jpg dosyalarını bir klasöre taşı ve sıkıştır');
SELECT ordinal AS n, content, task_type, depends_on AS deps, connector FROM altlas.segment_text('Bir makale yazıp PDF olarak kaydet');
SELECT ordinal AS n, content, task_type, depends_on AS deps, connector FROM altlas.segment_text('Google''da yapay zeka hakkında arama yap ve sonuçları bir dosyaya kaydet');
SELECT content, task_type, language, parameters, priority FROM altlas.segment_text('15 Mayıs 2023 tarihinde İstanbul''da bir toplantı planla');
SELECT content, task_type, language, regexp_replace(model_version, '@[0-9a-f]{8}', '@hash') AS found_by FROM altlas.segment_text('ACİL: yedek al');
-- Offsets count code points, whatever the script.
SELECT content, content = substr(t, start_char + 1, end_char - start_char) AS exact
  FROM (VALUES ('🚀🚀 Raporu hazırla, sonra 👨‍👩‍👧 ekibine gönder'), (E'e\u0301 dosyasını sil'), ('ابحث ثم delete the file')) v (t), altlas.segment_text(t);
-- Sentences.
SELECT ordinal AS n, start_char AS s, end_char AS e, content, task_type, language
  FROM altlas.segment_text('Dr. Ayşe geldi mi? Evet, 3. katta. Dosya: rapor.v2.pdf.', granularity => 'sentence');
-- Nothing asked, nothing found.
SELECT count(*) AS tasks FROM altlas.segment_text('Merhaba');
SELECT count(*) AS sentences FROM altlas.segment_text('Merhaba', granularity => 'sentence');
SELECT count(*) FROM altlas.segment_text(NULL);
SELECT count(*) FROM altlas.segment_text('');
SELECT count(*) FROM altlas.segment_text(E' \n\t ');
SELECT count(*) FROM altlas.segment_text('🙂🙂🙂');
-- Bad input.
SELECT * FROM altlas.segment_text('x', 'klingon'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_text('x', granularity => 'word'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM altlas.segment_text('delete it', model => 'no_such_model'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) > 0 AS a_megabyte FROM altlas.segment_text(repeat('delete the file and ', 52428));
SELECT count(*) FROM altlas.segment_text(repeat('x', 1024 * 1024 + 1)); \echo :LAST_ERROR_SQLSTATE
SET altlas.max_text_bytes = '2kB';
SELECT count(*) FROM altlas.segment_text(repeat('x', 3000)); \echo :LAST_ERROR_SQLSTATE
RESET altlas.max_text_bytes;
BEGIN READ ONLY;
SELECT content FROM altlas.segment_text('open the door');
COMMIT;
