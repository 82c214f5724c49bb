"""Access to media: probe, one decode for all, stills, sprites, remux and timed text.

Nothing is imported here, so that a caller pays only for the part it uses.
"""
