"""When: the DAGs that put the rooms in order. No rule about data lives here."""
