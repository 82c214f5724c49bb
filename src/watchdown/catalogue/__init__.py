"""The catalogue: titles, their timelines and assets, in the database that the ledger of runs shares."""
