-- Pairs of one kind: both ends live, left < right, each pair once, and what joins by number or key agrees on it.
--   live_row (source, record_id), pair (model.PAIR), decisive (record_id, token)

-- step: broken
SELECT 'pairs whose left record is not live' AS what, CAST(NULL AS TEXT) AS source, p."left" AS example
FROM pair AS p
WHERE p."left" NOT IN (SELECT record_id FROM live_row)
UNION ALL
SELECT 'pairs whose right record is not live' AS what, l.source, p."right" AS example
FROM pair AS p
LEFT JOIN live_row AS l ON p."left" = l.record_id
WHERE p."right" NOT IN (SELECT record_id FROM live_row)
UNION ALL
SELECT 'pairs not in order' AS what, l.source, p."left" AS example
FROM pair AS p
LEFT JOIN live_row AS l ON p."left" = l.record_id
WHERE p."left" >= p."right"
UNION ALL
SELECT 'pairs told twice' AS what, MIN(l.source) AS source, p."left" AS example
FROM pair AS p
LEFT JOIN live_row AS l ON p."left" = l.record_id
GROUP BY p."left", p."right"
HAVING COUNT(*) > 1
UNION ALL
SELECT 'pairs joined by a number or key that is not the same' AS what, l.source, p."left" AS example
FROM pair AS p
LEFT JOIN live_row AS l ON p."left" = l.record_id
LEFT JOIN decisive AS a ON p."left" = a.record_id
LEFT JOIN decisive AS b ON p."right" = b.record_id
WHERE p.how IN ('number', 'key') AND a.token <> b.token

-- step: door
SELECT what, source, COUNT(*) AS n, MIN(example) AS example FROM broken GROUP BY what, source ORDER BY what, source NULLS FIRST
