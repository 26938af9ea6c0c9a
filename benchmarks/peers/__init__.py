"""Reelhouse's models beside other libraries', on the same rows, in the same run."""
