"""Speed, memory and accuracy beside peers and floors; never part of the tests."""
