-- The live rows of one kind are the merged versions, each record once.
--   merged (model.VERSION in state merged), live_row (model.STANDARD)

-- step: live_id
SELECT source, batch, ordinal, line, record_id, content_hash FROM live_row

-- step: merged_id
SELECT source, batch, ordinal, line, record_id, content_hash FROM merged

-- step: broken
SELECT 'merged versions that are not live' AS what, d.source, d.record_id
FROM (SELECT * FROM merged_id EXCEPT ALL SELECT * FROM live_id) AS d
UNION ALL
SELECT 'live rows whose version is not merged' AS what, d.source, d.record_id
FROM (SELECT * FROM live_id EXCEPT ALL SELECT * FROM merged_id) AS d
UNION ALL
SELECT 'records with two live rows' AS what, MIN(l.source) AS source, l.record_id
FROM live_row AS l
GROUP BY l.record_id
HAVING COUNT(*) > 1

-- step: door
SELECT what, source, COUNT(*) AS n, MIN(record_id) AS example FROM broken GROUP BY what, source ORDER BY what, source
