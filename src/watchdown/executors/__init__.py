"""Executors: where the batches of a backfill are worked, in this process or by Airflow on Kubernetes."""
