"""Whoever answers questions: the only seam to the world."""
