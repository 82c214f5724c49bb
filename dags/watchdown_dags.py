"""The DAGs of Watchdown, an Airflow dag for each algorithm that is installed here, and when they run."""

from watchdown_operators.dags import watchdown_dags

globals().update(watchdown_dags(schedules={"new_assets": None}))
