from __future__ import annotations

import subprocess
import sys

from services.airflow_script import Script
from watchdown_operators.connection import Settings
from watchdown_operators.provider import get_provider_info


def test_airflow_finds_the_connection_type_with_its_form(dag_folder: Script) -> None:
    found = dag_folder.ask(what="provider")
    assert found["hook"] == "watchdown_operators.hook.WatchdownHook"
    assert found["name"] == "Watchdown"
    assert found["fields"] == sorted(Settings.model_fields)
    assert {"host", "login", "password", "extra"} <= set(found["hidden"])
    assert found["triggers"] == ["watchdown_operators.trigger"]


def test_a_trigger_is_made_again_by_another_triggerer(dag_folder: Script) -> None:
    options = {
        "name": "watchdown-b",
        "namespace": "watchdown",
        "uid": "1",
        "titles": 20,
        "kubernetes_conn_id": "k",
    }
    said = dag_folder.ask(what="trigger", **options)
    assert said == ["watchdown_operators.trigger.JobTrigger", options]


def test_no_field_has_a_name_whose_values_airflow_hides_everywhere() -> None:
    hidden = ("secret", "password", "token", "proxy", "dsn", "service_account", "access_key", "api_key")
    assert not [name for name in Settings.model_fields if any(word in name for word in hidden)]


def test_what_airflow_asks_for_first_imports_none_of_it() -> None:
    script = (
        "import sys, watchdown_operators.provider as ours\n"
        "ours.get_provider_info()\n"
        "print('airflow' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"
    assert get_provider_info()["connection-types"][0]["connection-type"] == "watchdown"
