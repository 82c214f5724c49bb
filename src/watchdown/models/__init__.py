"""Models on a server: how Triton is asked, and the repository that it serves."""
