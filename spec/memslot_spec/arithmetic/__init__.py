"""Arithmetic of frames, bytes, bitmaps and slot words: integers only."""
