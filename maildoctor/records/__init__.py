"""Text to record and back, one file a standard. Nothing here asks anything."""
