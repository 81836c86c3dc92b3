-- What the two nodes of a candidate say, side by side. said(r, what, v): value codes per record and comparison.
-- node(r, node, anchor) and candidate(u, v, anchor) as in block.sql; plain(what): comparisons that only ask for equality.

-- step: node_said
SELECT DISTINCT node.node, said.what, said.v
FROM said
JOIN node ON node.r = said.r

-- step: pair_said
SELECT DISTINCT candidate.u, candidate.v, mine.what
FROM candidate
JOIN (SELECT DISTINCT node_said.node, node_said.what FROM node_said JOIN plain ON plain.what = node_said.what) AS mine
  ON mine.node = candidate.u
JOIN (SELECT DISTINCT node, what FROM node_said) AS other ON other.node = candidate.v AND other.what = mine.what

-- step: equal_value
SELECT DISTINCT candidate.u, candidate.v, mine.what
FROM candidate
JOIN node_said AS mine ON mine.node = candidate.u
JOIN plain ON plain.what = mine.what
JOIN node_said AS other ON other.node = candidate.v AND other.what = mine.what AND other.v = mine.v

-- step: equality
SELECT pair_said.u, pair_said.v, pair_said.what, CASE WHEN equal_value.u IS NULL THEN 0 ELSE 1 END AS same
FROM pair_said
LEFT JOIN equal_value ON equal_value.u = pair_said.u AND equal_value.v = pair_said.v AND equal_value.what = pair_said.what
ORDER BY pair_said.u, pair_said.v, pair_said.what
