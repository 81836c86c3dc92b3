"""The sample city: a seeded truth and the files eight departments would send of it."""
