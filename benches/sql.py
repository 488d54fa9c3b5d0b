"""All SQL of the benches. Names of altlas' functions stand here alone."""

# What the sections ask for; a section whose functions are not there says so and is left out.
PREDICT = "predict"
BATCHED = "predict_batched"
ARRAY = "predict_array"
SCORE = "score"
EMBED = "embed"
EMBED_ALL = "embed_all"
REGISTER_TEXT = "register_text_model"

HAS_FUNCTION = """SELECT EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'altlas'::regnamespace AND proname = %s)"""
REGISTER = "SELECT altlas.register_model(%s, %s, %s)"
REGISTER_TEXT_MODEL = "SELECT altlas.register_text_model(%s, %s::bytea, %s::bytea, %s)"
VERSION = "SELECT extversion FROM pg_extension WHERE extname = 'altlas'"
ENGINE_PID = "SELECT engine_pid FROM altlas.engine_status()"
IS_REGISTERED = "SELECT EXISTS (SELECT FROM altlas.models WHERE name = %s)"

MAKE_ROWS = "CREATE TABLE rows (id bigint PRIMARY KEY, {columns}, features float8[] NOT NULL)"
LOAD_ROWS = "COPY rows FROM STDIN (FORMAT binary)"
MAKE_SCORED = "CREATE UNLOGGED TABLE scored (id bigint NOT NULL, value float8)"
EMPTY_SCORED = "TRUNCATE scored"
CHECK_SCORED = "SELECT count(*), sum(value) FROM scored"
MAKE_TEXTS = "CREATE TABLE texts (id bigint PRIMARY KEY, body text NOT NULL)"
LOAD_TEXTS = "COPY texts FROM STDIN"

# One expression a row. `cardinality` is a strict C function that reads an array's header: the empty function.
EMPTY_FUNCTION = "SELECT sum(cardinality(features)) FROM rows WHERE id <= {rows}"
ROW_FORM = "SELECT sum(altlas.predict('{model}', features)) FROM rows WHERE id <= {rows}"
RECORD_FORM = "SELECT sum(altlas.predict('{model}', r)) FROM rows r WHERE id <= {rows}"
FIRST_VALUES = "SELECT altlas.predict('{model}', features) FROM rows WHERE id <= {rows} ORDER BY id"
ONE_CALL = "SELECT altlas.predict('{model}', features) FROM rows WHERE id = 1"

# Sets of rows.
WINDOW_FORM = "SELECT sum(p) FROM (SELECT altlas.predict_batched('{model}', features) OVER () AS p FROM rows WHERE id <= {rows}) s"
TABLE_FORM = "SELECT sum(value) FROM altlas.score('{model}', 'SELECT {columns} FROM rows WHERE id <= {rows}')"
CHUNKS = """SELECT sum(v) FROM generate_series(1, {rows}, {chunk}) first,
    LATERAL unnest({function}(ARRAY(SELECT features FROM rows WHERE id BETWEEN first AND first + {chunk} - 1))) v"""
ARRAY_FORM_OURS = CHUNKS.replace("{function}(", "altlas.predict_array('{model}', ")
ARRAY_FORM_PEER = CHUNKS.replace("{function}", "peer_{model}_array")
WRITE_BACK_WINDOW = (
    "INSERT INTO scored SELECT id, altlas.predict_batched('{model}', features) OVER () FROM rows WHERE id <= {rows}"
)
WRITE_BACK_ROW = "INSERT INTO scored SELECT id, altlas.predict('{model}', features) FROM rows WHERE id <= {rows}"
CLIENT_READ = "COPY (SELECT id, {columns} FROM rows WHERE id <= {rows}) TO STDOUT (FORMAT binary)"
CLIENT_WRITE = "COPY scored FROM STDIN (FORMAT binary)"

NO_PARALLEL = "SET max_parallel_workers_per_gather = 0"
# As many workers as are asked for, whatever the planner thinks of the table's size.
PARALLEL = """SET max_parallel_workers_per_gather = {workers}; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
    SET min_parallel_table_scan_size = 0; ALTER TABLE rows SET (parallel_workers = {workers})"""
NO_INDEX = "SET enable_indexscan = off; SET enable_bitmapscan = off"

# The peer in the database. The session is made once a connection and kept in SD; one thread, as one process is compared.
PEER_EXTENSION = "CREATE EXTENSION IF NOT EXISTS plpython3u"
_PEER_SESSION = """
    run = SD.get("run")
    if run is None:
        import numpy, onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession("{path}", options, providers=["CPUExecutionProvider"])
        run = SD["run"] = session.run
        SD["array"], SD["kind"] = numpy.array, numpy.float32
"""
PEER_ROW = (
    "CREATE OR REPLACE FUNCTION peer_{model}(features float8[]) RETURNS float8 LANGUAGE plpython3u STABLE STRICT PARALLEL SAFE AS $$"
    + _PEER_SESSION
    + """
    return run(["{output}"], {{"features": SD["array"]([features], SD["kind"])}})[0].item()
$$"""
)
PEER_ARRAY = (
    "CREATE OR REPLACE FUNCTION peer_{model}_array(features float8[]) RETURNS float8[] LANGUAGE plpython3u STABLE STRICT AS $$"
    + _PEER_SESSION
    + """
    return run(["{output}"], {{"features": SD["array"](features, SD["kind"])}})[0].ravel().tolist()
$$"""
)
PEER_ROW_FORM = "SELECT sum(peer_{model}(features)) FROM rows WHERE id <= {rows}"
PEER_FIRST_VALUES = "SELECT peer_{model}(features) FROM rows WHERE id <= {rows} ORDER BY id"
PEER_ONE_CALL = "SELECT peer_{model}(features) FROM rows WHERE id = 1"

# Texts.
EMBED_SET = (
    "SELECT count(*), sum(embedding[1]) FROM altlas.embed_all('SELECT body FROM texts WHERE id <= {rows}', '{model}')"
)
EMBED_VALUES = "SELECT embedding FROM altlas.embed_all('SELECT body FROM texts WHERE id <= {rows} ORDER BY id', '{model}') ORDER BY ordinal"
EMBED_LONG = """SELECT count(*) FROM altlas.embed_all('SELECT body FROM texts, generate_series(1, {times}) WHERE id <= {rows}', '{model}')"""
EMBED_ONE = "SELECT altlas.embed(body, '{model}') FROM texts WHERE id = 1"
PGBENCH_EMBED = "\\set id random(1, {rows})\nSELECT altlas.embed(body, '{model}') FROM texts WHERE id = :id;\n"
PGBENCH_PREDICT = "\\set id random(1, {rows})\nSELECT altlas.predict('{model}', features) FROM rows WHERE id = :id;\n"
PGBENCH_EMPTY = "\\set id random(1, {rows})\nSELECT cardinality(features) FROM rows WHERE id = :id;\n"
