"""Stores: what answers searches. Each has a sink that takes runs and a searcher that answers leaves."""
