-- What the two nodes of a candidate say, side by side. said(r, what, v): value codes per record and comparison.
-- node(r, node): the nodes that are compared; candidate(i, u, v); plain(what): comparisons that only ask for equality.
-- Each join is a step of its own: a planner that guesses may join all equal values of a city before it looks at pairs.

-- step: node_said
SELECT DISTINCT node.node, said.what, said.v
FROM said
JOIN node ON node.r = said.r

-- step: plain_said
SELECT node_said.node, node_said.what, node_said.v
FROM node_said
JOIN plain ON plain.what = node_said.what

-- step: asked
SELECT candidate.i, candidate.v AS node, mine.what, mine.v
FROM candidate
JOIN plain_said AS mine ON mine.node = candidate.u

-- step: told
SELECT DISTINCT node, what
FROM plain_said

-- step: pair_said
SELECT DISTINCT asked.i, asked.what
FROM asked
JOIN told AS other ON other.node = asked.node AND other.what = asked.what

-- step: equal_value
SELECT DISTINCT asked.i, asked.what
FROM asked
JOIN plain_said AS other ON other.node = asked.node AND other.what = asked.what AND other.v = asked.v

-- step: equality
SELECT pair_said.i, pair_said.what, CASE WHEN equal_value.i IS NULL THEN 0 ELSE 1 END AS same
FROM pair_said
LEFT JOIN equal_value ON equal_value.i = pair_said.i AND equal_value.what = pair_said.what
