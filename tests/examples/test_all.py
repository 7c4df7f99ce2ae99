"""No file of `examples/` is without a test that runs it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

RUN_BY = {
    "consume_kafka.py": "brokers/test_kafka.py",
    "consume_nats.py": "brokers/test_nats.py",
    "consume_rabbitmq.py": "brokers/test_rabbitmq.py",
    "consume_redis.py": "brokers/test_redis.py",
    "reconcile_airflow.py": "examples/test_orchestrated.py",
    "reconcile_nightly/crontab": "examples/test_nightly.py",
    "reconcile_nightly/reconcile.sh": "examples/test_nightly.py",
    "reconcile_nightly/wallet-async-reconcile-alert.service": "examples/test_nightly.py",
    "reconcile_nightly/wallet-async-reconcile.service": "examples/test_nightly.py",
    "reconcile_nightly/wallet-async-reconcile.timer": "examples/test_nightly.py",
    "reconcile_prefect.py": "examples/test_orchestrated.py",
}


def test_every_example_is_run() -> None:
    """Each file is named here with a test that names it, its folder or its kind."""
    examples = ROOT / "examples"
    files = (path for path in examples.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {path.relative_to(examples).as_posix() for path in files} == RUN_BY.keys()
    for example, test in RUN_BY.items():
        assert example.partition("/")[0] in (ROOT / "tests" / test).read_text("utf-8"), example
