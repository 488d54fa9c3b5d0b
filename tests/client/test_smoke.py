"""The harness itself, and the extension's arrival and departure."""


def test_extension_comes_and_goes(cluster):
    name = cluster.database(extension=False)
    with cluster.conn(name) as conn:
        conn.execute("CREATE EXTENSION altlas")
        assert conn.execute("SELECT extversion FROM pg_extension WHERE extname = 'altlas'").fetchone()
        conn.execute("DROP EXTENSION altlas")
        assert not conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'altlas'").fetchone()
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name}")


def test_a_fresh_database_has_the_extension(conn):
    assert conn.execute("SELECT count(*) FROM pg_extension WHERE extname = 'altlas'").fetchone() == (1,)


def test_restart_is_seen_as_a_new_start(new_cluster):
    cluster = new_cluster()
    before, pid = cluster.started_at, cluster.pid
    cluster.restart()
    assert cluster.running()
    assert cluster.started_at > before
    assert cluster.pid != pid
    assert any(process.name == "postgres" for process in cluster.descendants())
    cluster.stop()
    assert not cluster.running()
    assert cluster.engines() == []
