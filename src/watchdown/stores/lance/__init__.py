"""The store on Lance tables, the default: it searches the lake's own tables, there is no second copy."""
