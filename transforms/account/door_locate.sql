-- Located records of one kind: every live record, its candidates ranked from 1 without a gap, the first with a grid or a reason.
--   live_row (source, record_id), located (model.LOCATED)

-- step: ranked
SELECT record_id, property, COUNT(*) AS candidates, COUNT(DISTINCT "rank") AS ranks, MIN("rank") AS lowest, MAX("rank") AS highest
FROM located
GROUP BY record_id, property

-- step: broken
SELECT 'live records that are not located' AS what, l.source, l.record_id AS example
FROM live_row AS l
WHERE l.record_id NOT IN (SELECT record_id FROM located)
UNION ALL
SELECT 'located records that are not live' AS what, CAST(NULL AS TEXT) AS source, r.record_id AS example
FROM ranked AS r
WHERE r.record_id NOT IN (SELECT record_id FROM live_row)
UNION ALL
SELECT 'records whose candidates are not ranked 1, 2, 3' AS what, l.source, r.record_id AS example
FROM ranked AS r
LEFT JOIN live_row AS l ON r.record_id = l.record_id
WHERE r.lowest <> 1 OR r.highest <> r.candidates OR r.ranks <> r.candidates
UNION ALL
SELECT 'located records with neither a grid nor a reason' AS what, l.source, d.record_id AS example
FROM located AS d
LEFT JOIN live_row AS l ON d.record_id = l.record_id
WHERE d."rank" = 1 AND d.grid_id IS NULL AND d.reason IS NULL

-- step: door
SELECT what, source, COUNT(*) AS n, MIN(example) AS example FROM broken GROUP BY what, source ORDER BY what, source NULLS FIRST
