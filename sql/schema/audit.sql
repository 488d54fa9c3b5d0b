-- The audit log. Rows are written in the transaction that they tell of; the maintenance worker seals committed rows into a
-- hash chain later, so that no transaction waits for another.

CREATE SEQUENCE altlas.audit_log_id_seq;
CREATE TABLE altlas.audit_log (
    audit_id     bigint PRIMARY KEY DEFAULT nextval('altlas.audit_log_id_seq'),
    at           timestamptz NOT NULL,
    session_role text NOT NULL,
    active_role  text NOT NULL,
    action       text NOT NULL,
    object       text NOT NULL,
    before       jsonb,
    after        jsonb,
    row_hash     bytea NOT NULL
);
ALTER SEQUENCE altlas.audit_log_id_seq OWNED BY altlas.audit_log.audit_id;

CREATE SEQUENCE altlas.audit_seal_id_seq;
CREATE TABLE altlas.audit_seal (
    seal_id    bigint PRIMARY KEY DEFAULT nextval('altlas.audit_seal_id_seq'),
    audit_id   bigint NOT NULL UNIQUE,
    row_hash   bytea NOT NULL,
    chain_hash bytea NOT NULL,
    sealed_at  timestamptz NOT NULL DEFAULT now()
);
ALTER SEQUENCE altlas.audit_seal_id_seq OWNED BY altlas.audit_seal.seal_id;
COMMENT ON TABLE altlas.audit_seal IS 'The hash chain: chain_hash = SHA-256(chain_hash of the seal before || row_hash).';

SELECT pg_catalog.pg_extension_config_dump('altlas.audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.audit_log_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.audit_seal', '');
SELECT pg_catalog.pg_extension_config_dump('altlas.audit_seal_id_seq', '');

-- SHA-256 of a row's canonical bytes: a JSON object with sorted keys, times in UTC with microseconds.
CREATE FUNCTION altlas._audit_row_hash(audit_id bigint, at timestamptz, session_role text, active_role text,
                                       action text, object text, before jsonb, after jsonb)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN sha256(convert_to(jsonb_build_object(
    'audit_id', audit_id, 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'session_role', session_role, 'active_role', active_role, 'action', action, 'object', object,
    'before', before, 'after', after)::text, 'UTF8'));

-- Seals committed rows, in the order of their numbers among those not yet sealed. Returns how many.
CREATE FUNCTION altlas._seal_audit() RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    chain bytea;
    entry record;
    sealed bigint := 0;
BEGIN
    -- One sealer at a time; readers and writers of the log are not held up.
    LOCK TABLE altlas.audit_seal IN EXCLUSIVE MODE;
    SELECT s.chain_hash INTO chain FROM altlas.audit_seal s ORDER BY s.seal_id DESC LIMIT 1;
    FOR entry IN
        SELECT l.audit_id, l.row_hash FROM altlas.audit_log l
         WHERE NOT EXISTS (SELECT FROM altlas.audit_seal s WHERE s.audit_id = l.audit_id)
         ORDER BY l.audit_id
    LOOP
        chain := sha256(coalesce(chain, ''::bytea) || entry.row_hash);
        INSERT INTO altlas.audit_seal (audit_id, row_hash, chain_hash) VALUES (entry.audit_id, entry.row_hash, chain);
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END
$$;

-- Recomputes every row hash and the whole chain.
CREATE FUNCTION altlas.verify_audit(OUT ok boolean, OUT rows bigint, OUT sealed bigint, OUT unsealed bigint, OUT problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    chain bytea;
    entry record;
BEGIN
    SELECT count(*) INTO rows FROM altlas.audit_log;
    SELECT count(*) INTO sealed FROM altlas.audit_seal;
    SELECT count(*) INTO unsealed FROM altlas.audit_log l
     WHERE NOT EXISTS (SELECT FROM altlas.audit_seal s WHERE s.audit_id = l.audit_id);
    SELECT format('row %s was changed after it was written', l.audit_id) INTO problem FROM altlas.audit_log l
     WHERE l.row_hash <> altlas._audit_row_hash(l.audit_id, l.at, l.session_role, l.active_role, l.action, l.object, l.before, l.after)
     ORDER BY l.audit_id LIMIT 1;
    IF problem IS NULL THEN
        FOR entry IN
            SELECT s.seal_id, s.audit_id, s.row_hash AS sealed_hash, s.chain_hash, l.row_hash
              FROM altlas.audit_seal s LEFT JOIN altlas.audit_log l USING (audit_id) ORDER BY s.seal_id
        LOOP
            chain := sha256(coalesce(chain, ''::bytea) || entry.sealed_hash);
            IF entry.row_hash IS NULL THEN
                problem := format('row %s is sealed but gone', entry.audit_id);
            ELSIF entry.row_hash <> entry.sealed_hash THEN
                problem := format('row %s is not the one that was sealed', entry.audit_id);
            ELSIF chain <> entry.chain_hash THEN
                problem := format('the chain breaks at seal %s', entry.seal_id);
            END IF;
            EXIT WHEN problem IS NOT NULL;
        END LOOP;
    END IF;
    ok := problem IS NULL;
END
$$;
COMMENT ON FUNCTION altlas.verify_audit() IS 'Checks the audit log against its hashes and its chain.';

CREATE FUNCTION altlas.audit_head(OUT seal_id bigint, OUT chain_hash text, OUT sealed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.seal_id, encode(s.chain_hash, 'hex'), s.sealed_at FROM altlas.audit_seal s ORDER BY s.seal_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION altlas.audit_head() IS 'The newest value of the chain, to be kept where the database''s owner cannot change it.';

CREATE VIEW altlas.audit AS
SELECT l.audit_id, l.at, l.session_role, l.active_role, l.action, l.object, l.before, l.after, s.seal_id
  FROM altlas.audit_log l LEFT JOIN altlas.audit_seal s USING (audit_id);
COMMENT ON VIEW altlas.audit IS 'Who did what, when; seal_id is NULL until the row is sealed.';
