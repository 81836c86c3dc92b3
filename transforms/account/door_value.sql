-- One plain column of a kind's table: is the golden value what the record that claims it says?
--   golden (entity_id, told), claim (model.CLAIM of one property), live_row (source, record_id, told)

-- step: door
SELECT l.source, COUNT(*) AS n
FROM golden AS g
LEFT JOIN claim AS m ON g.entity_id = m.entity_id
LEFT JOIN live_row AS l ON m.record_id = l.record_id
WHERE g.told IS NOT NULL AND (l.told IS NULL OR g.told <> l.told)
GROUP BY l.source
ORDER BY l.source NULLS FIRST
