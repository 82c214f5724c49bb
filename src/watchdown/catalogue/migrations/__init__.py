"""The steps that bring a library's database from one version to the next, run by Alembic."""
