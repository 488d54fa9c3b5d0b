    -- Hours are moments: the hour that a clock shows twice is two. Where clocks change by half an hour, hours of data may begin
    -- beside those counted from the first one.
    SELECT h.bucket, h.bucket AS period_start, h.bucket OPERATOR(pg_catalog.+) $3 AS period_end
      FROM (SELECT pg_catalog.date_trunc($2, bucket, $1) AS bucket FROM series
            UNION
            SELECT bucket FROM ranked) h
