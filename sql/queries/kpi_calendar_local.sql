    -- Days and longer are counted on the local calendar. A period begins at the first moment whose local time is past its border: where
    -- clocks go back over midnight and show it twice, the first of the two. A day that a zone skipped has no length, and is left out.
    SELECT l.bucket, l.period_start, l.period_end
      FROM (SELECT b.bucket,
                   b.starts OPERATOR(pg_catalog.-) CASE
                       WHEN pg_catalog.timezone($1, b.starts OPERATOR(pg_catalog.-) INTERVAL '1 hour') OPERATOR(pg_catalog.>=) b.bucket
                       THEN INTERVAL '1 hour' ELSE INTERVAL '0' END AS period_start,
                   b.ends OPERATOR(pg_catalog.-) CASE
                       WHEN pg_catalog.timezone($1, b.ends OPERATOR(pg_catalog.-) INTERVAL '1 hour') OPERATOR(pg_catalog.>=) b.next
                       THEN INTERVAL '1 hour' ELSE INTERVAL '0' END AS period_end
              FROM (SELECT n.bucket, n.next, pg_catalog.timezone($1, n.bucket) AS starts, pg_catalog.timezone($1, n.next) AS ends
                      FROM (SELECT bucket, bucket OPERATOR(pg_catalog.+) $3 AS next FROM series) n) b) l
     WHERE l.period_start OPERATOR(pg_catalog.<) l.period_end
