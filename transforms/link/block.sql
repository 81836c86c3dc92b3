-- Candidate pairs of nodes: a leftover with an anchor, or two leftovers, that share all parts of one block's key.
-- node(r, node, anchor): every record's node; anchor 1 where the node holds an exclusive number.
-- key(b, r, k): block b's key codes per record. parameter(cap): most nodes a key may join, anchors or leftovers.

-- step: node_key
SELECT DISTINCT key.b, key.k, node.node, node.anchor
FROM key
JOIN node ON node.r = key.r

-- step: fill
SELECT b, k, SUM(anchor) AS anchors, SUM(1 - anchor) AS leftovers
FROM node_key
GROUP BY b, k
HAVING SUM(1 - anchor) > 0

-- step: admitted
SELECT fill.b, fill.k, fill.anchors, fill.leftovers
FROM fill
CROSS JOIN parameter
WHERE fill.anchors <= parameter.cap AND fill.leftovers <= parameter.cap

-- step: joined
SELECT node_key.b, node_key.k, node_key.node, node_key.anchor
FROM node_key
JOIN admitted ON admitted.b = node_key.b AND admitted.k = node_key.k

-- step: candidate
SELECT DISTINCT leftover.node AS u, other.node AS v, other.anchor AS anchor
FROM joined AS leftover
JOIN joined AS other ON other.b = leftover.b AND other.k = leftover.k
WHERE leftover.anchor = 0 AND (other.anchor = 1 OR leftover.node < other.node)
ORDER BY u, v
