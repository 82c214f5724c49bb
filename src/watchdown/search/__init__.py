"""Search: a query tree is processed, routed to searchers, combined, arranged into hits and paged."""
