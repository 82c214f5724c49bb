"""Airflow's home: its settings as environment variables, its files, and our wheel beside its environment."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from services.cache import made_once
from services.service import HOST
from services.tools import build, uv

Sections = Mapping[str, Mapping[str, str]]

ROOT = Path(__file__).parents[2]
SOURCES = ("schemas", "algos", "operators")  # of our wheel, what Airflow imports
USER = PASSWORD = "watchdown"
# Scheduler and triggerer fork those who work: what they have imported is there at once, in each task.
PRELOAD = """\
import sys

if sys.argv[1:2] in (["scheduler"], ["triggerer"]):
    import airflow.providers.cncf.kubernetes.hooks.kubernetes
    import airflow.sdk.execution_time.task_runner
    import kubernetes_asyncio.watch
    import watchdown_operators.dags
"""
SETTINGS: Sections = {
    "core": {
        "executor": "LocalExecutor",
        "parallelism": "8",
        "max_active_tasks_per_dag": "64",
        "load_examples": "False",
        "simple_auth_manager_users": f"{USER}:admin",
    },
    "api": {"host": HOST, "workers": "1"},
    # Whoever is killed is missed within seconds, not minutes.
    "scheduler": {
        "scheduler_health_check_threshold": "12",
        "orphaned_tasks_check_interval": "5",
        "task_instance_heartbeat_sec": "5",
        "task_instance_heartbeat_timeout": "25",
        "task_instance_heartbeat_timeout_detection_interval": "5",
    },
    "triggerer": {"triggerer_health_check_threshold": "12"},
    "dag_processor": {"refresh_interval": "10"},
    "logging": {"namespace_levels": "alembic=WARNING"},
    "usage_data_collection": {"enabled": "False"},
}


def our_wheel(folder: Path) -> Path:
    """Return a folder that holds our package, installed from a wheel of the files as they are now."""
    place = folder / "site" / state()
    with made_once(place) as half:
        if half is not None:
            wheels = half.with_name("wheel")
            python = ["--python", sys.executable]
            chosen = ["--wheel", "--no-build-isolation", "--clear", "--out-dir", wheels]
            build("building our wheel", [uv(), "build", *python, *chosen, ROOT])
            [wheel] = wheels.glob("*.whl")
            chosen = ["--target", half, "--no-deps", "--offline", "--compile-bytecode"]
            build("installing our wheel", [uv(), "pip", "install", *python, *chosen, wheel])
    return place


def lay_out(home: Path) -> None:
    """Make the files that Airflow finds in its home."""
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "airflow_local_settings.py").write_text(PRELOAD)
    (home / "passwords.json").write_text(json.dumps({USER: PASSWORD}))


def surroundings(
    home: Path, *, port: int, database: str, dags: Path, site: Path, more: Sections
) -> dict[str, str]:
    """Return the environment of all components."""
    own: Sections = {
        "core": {
            "dags_folder": str(dags),
            "execution_api_server_url": f"http://{HOST}:{port}/execution/",
            "fernet_key": secret(home / "fernet_key"),
            "simple_auth_manager_passwords_file": str(home / "passwords.json"),
        },
        "database": {"sql_alchemy_conn": database.replace("postgresql:", "postgresql+psycopg2:", 1)},
        "api": {
            "port": str(port),
            "base_url": f"http://{HOST}:{port}",
            "secret_key": secret(home / "secret_key"),
        },
        "api_auth": {"jwt_secret": secret(home / "jwt_secret")},
        "logging": {"base_log_folder": str(home / "logs")},
    }
    settings = {
        f"AIRFLOW__{name.upper()}__{key.upper()}": value
        for sections in (SETTINGS, own, more)
        for name, section in sections.items()
        for key, value in section.items()
    }
    return {"AIRFLOW_HOME": str(home), "PYTHONPATH": str(site), **settings}


def state() -> str:
    """Return a name for what the wheel is built from, as it is now."""
    found = hashlib.sha256()
    files = [ROOT / "pyproject.toml", *(path for root in SOURCES for path in (ROOT / root).rglob("*"))]
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            now = path.stat()
            found.update(f"{path.relative_to(ROOT)} {now.st_size} {now.st_mtime_ns}\n".encode())
    return found.hexdigest()[:12]


def secret(file: Path) -> str:
    """Return a secret of the form that Fernet wants, made once and kept."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return file.read_text()
