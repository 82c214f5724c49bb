"""The drawn world: frames, captions and films with exact truth, for the demo, the tests and the trainer."""
