"""What an algorithm is, which ones are known, and the built-in ones, a folder each."""
