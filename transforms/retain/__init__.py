"""Retention: what went when its time was over. Stands beside the rooms (README.md)."""
