"""Has MLflow read what altlas.export_mlflow gives: python scripts/reference/mlflow_layout.py RUN_ID
Needs mlflow-skinny and psycopg, and a server by the usual variables (PGHOST, PGDATABASE, …)."""

import os
import pathlib
import sys
import tempfile

os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
import mlflow
import psycopg

run_id = int(sys.argv[1])
with tempfile.TemporaryDirectory() as folder, psycopg.connect("") as conn:
    root = pathlib.Path(folder).as_uri()
    for path, content in conn.execute("SELECT * FROM altlas.export_mlflow(%s, %s)", (run_id, root)):
        file = pathlib.Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    project, metrics, sha256 = conn.execute(
        "SELECT project, report -> 'metrics', graph_sha256 FROM altlas.training_runs WHERE run_id = %s", (run_id,)).fetchone()
    client = mlflow.MlflowClient(tracking_uri=root)
    experiment = client.get_experiment_by_name(project)
    assert experiment is not None, [e.name for e in client.search_experiments()]
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED" and run.data.tags["altlas.run_id"] == str(run_id), run
    assert run.data.metrics == {name: float(value) for name, value in metrics.items() if value is not None}, run.data.metrics
    assert run.data.params["algorithm"], run.data.params
    names = sorted(a.path for a in client.list_artifacts(run.info.run_id))
    assert names == ["model.onnx", "report.json"], names
    print(f"mlflow {mlflow.__version__} reads run {run_id}: {len(run.data.metrics)} metrics, {len(run.data.params)} parameters, {names}")
