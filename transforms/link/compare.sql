-- What the two nodes of a candidate say, side by side. said(r, what, v): value codes per record and comparison.
-- node(r, node): the nodes that are compared; candidate(i, u, v); plain(what): comparisons that only ask for equality.

-- step: node_said
SELECT DISTINCT node.node, said.what, said.v
FROM said
JOIN node ON node.r = said.r

-- step: told
SELECT DISTINCT node_said.node, node_said.what
FROM node_said
JOIN plain ON plain.what = node_said.what

-- step: pair_said
SELECT candidate.i, mine.what
FROM candidate
JOIN told AS mine ON mine.node = candidate.u
JOIN told AS other ON other.node = candidate.v AND other.what = mine.what

-- step: equal_value
SELECT DISTINCT candidate.i, mine.what
FROM candidate
JOIN node_said AS mine ON mine.node = candidate.u
JOIN plain ON plain.what = mine.what
JOIN node_said AS other ON other.node = candidate.v AND other.what = mine.what AND other.v = mine.v

-- step: equality
SELECT pair_said.i, pair_said.what, CASE WHEN equal_value.i IS NULL THEN 0 ELSE 1 END AS same
FROM pair_said
LEFT JOIN equal_value ON equal_value.i = pair_said.i AND equal_value.what = pair_said.what
