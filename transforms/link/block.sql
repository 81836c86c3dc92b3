-- Candidate pairs of nodes: a leftover with an anchor, or two leftovers, that share all parts of one block's key.
-- key(k, node, anchor): the block's key codes per node, none twice; anchor 1 where the node holds an exclusive number.
-- parameter(cap): most nodes a key may join, anchors or leftovers.

-- step: fill
SELECT k, SUM(anchor) AS anchors, SUM(1 - anchor) AS leftovers
FROM key
GROUP BY k

-- step: admitted
SELECT fill.k
FROM fill
CROSS JOIN parameter
WHERE fill.anchors <= parameter.cap AND fill.leftovers <= parameter.cap AND fill.leftovers > 0

-- step: joined
SELECT key.k, key.node, key.anchor
FROM key
JOIN admitted ON admitted.k = key.k

-- step: candidate
SELECT leftover.node AS u, other.node AS v, other.anchor AS anchor
FROM joined AS leftover
JOIN joined AS other ON other.k = leftover.k
WHERE leftover.anchor = 0 AND (other.anchor = 1 OR leftover.node < other.node)
