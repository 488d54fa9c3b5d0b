-- altlas reads and writes text as UTF-8, and offsets count code points.
DO $$
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = pg_catalog.format('altlas needs a database with encoding UTF8, this one has %s',
                                        pg_catalog.current_setting('server_encoding')),
            HINT = 'Create one: CREATE DATABASE name TEMPLATE template0 ENCODING ''UTF8''.';
    END IF;
    -- Somebody else's schema of this name could put functions of theirs beside ours.
    IF EXISTS (SELECT FROM pg_catalog.pg_namespace
                WHERE nspname = 'altlas' AND nspowner <> current_user::pg_catalog.regrole) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'the schema "altlas" exists and belongs to another role',
            HINT = 'Drop or rename it, then create the extension again.';
    END IF;
END
$$;
REVOKE ALL ON SCHEMA altlas FROM PUBLIC;
