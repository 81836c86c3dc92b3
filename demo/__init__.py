"""The sample city: a seeded truth and the files 25 departments would send of it."""
