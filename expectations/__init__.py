"""What must hold: contracts, kinds and lookups as data, and the rules, suites and lint derived from them."""
