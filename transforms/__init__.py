"""What happens to a row between a department's file and the release, room by room."""
