-- Pairs of differing-or-equal values to be compared in Python, each distinct pair of values once per what.
-- candidate, node_said as in compare.sql; graded(what): comparisons with a kernel.

-- step: beside
SELECT candidate.i, mine.what, mine.v AS left_value, other.v AS right_value
FROM candidate
JOIN node_said AS mine ON mine.node = candidate.u
JOIN graded ON graded.what = mine.what
JOIN node_said AS other ON other.node = candidate.v AND other.what = mine.what
