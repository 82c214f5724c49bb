"""Runs: planned, worked, recorded and published; the ledger says what readers see."""
