"""The media lake: one Lance table per schema type, and per model where records hold vectors."""
