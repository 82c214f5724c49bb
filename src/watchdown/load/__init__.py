"""Load: staged runs into the stores."""
