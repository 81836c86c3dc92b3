-- One kind between standardise and account/apply: every accepted version has a state, and the live ones are the live rows.
--   standard (model.STANDARD of every passed batch), version (model.VERSION of the kind), live_row (STANDARD columns)

-- step: live_id
SELECT source, batch, ordinal, line, record_id, content_hash FROM live_row

-- step: merged_id
SELECT source, batch, ordinal, line, record_id, content_hash FROM version WHERE state = 'merged'

-- step: standard_id
SELECT source, batch, ordinal, line, record_id, content_hash FROM standard

-- step: version_id
SELECT source, batch, ordinal, line, record_id, content_hash FROM version

-- step: broken
SELECT 'accepted versions without a state' AS what, d.source, d.record_id
FROM (SELECT * FROM standard_id EXCEPT ALL SELECT * FROM version_id) AS d
UNION ALL
SELECT 'states of versions that were not accepted' AS what, d.source, d.record_id
FROM (SELECT * FROM version_id EXCEPT ALL SELECT * FROM standard_id) AS d
UNION ALL
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
UNION ALL
SELECT 'duplicates of versions that are not live' AS what, v.source, v.record_id
FROM version AS v
LEFT JOIN live_row AS l ON v.record_id = l.record_id AND v.content_hash = l.content_hash
WHERE v.state = 'duplicate' AND l.record_id IS NULL

-- step: door
SELECT what, source, COUNT(*) AS n, MIN(record_id) AS example FROM broken GROUP BY what, source ORDER BY what, source
