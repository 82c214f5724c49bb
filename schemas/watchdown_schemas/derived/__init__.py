"""What is derived from a schema type for other systems to read."""
