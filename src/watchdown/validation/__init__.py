"""Validation: rows against the rules of their schema type; bad ones go to quarantine with reasons."""
