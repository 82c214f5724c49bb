"""Where a library keeps what all its machines share: one protocol, a folder or a bucket behind it."""
