"""The reader's side of a release: feed, rights packages, exports, audit, dictionary (README.md beside this file)."""
