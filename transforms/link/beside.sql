-- Pairs of differing-or-equal values to be compared in Python, each distinct pair of values once per what.
-- candidate, node_said as in compare.sql; graded(what): comparisons with a kernel.

-- step: graded_said
SELECT node_said.node, node_said.what, node_said.v
FROM node_said
JOIN graded ON graded.what = node_said.what

-- step: graded_asked
SELECT candidate.i, candidate.v AS node, mine.what, mine.v
FROM candidate
JOIN graded_said AS mine ON mine.node = candidate.u

-- step: beside
SELECT graded_asked.i, graded_asked.what, graded_asked.v AS left_value, other.v AS right_value
FROM graded_asked
JOIN graded_said AS other ON other.node = graded_asked.node AND other.what = graded_asked.what
