-- What a night would do to the entities that stood before it, and whose new rows stand where it happened.
--   event(kind, entity_id, event, other_id): tonight's change table
--   opened(source, batch, kind, record_id, entity_id, state): rows that begin in table record
--   new_batch(source, batch, excused): deliveries that did not count in the release before; a person said yes to some
--   crowd(kind, entity_id): entities of more records than one may have

-- step: fresh
SELECT o.source, o.kind, o.record_id, o.entity_id, n.excused
FROM opened AS o
INNER JOIN new_batch AS n ON o.batch = n.batch
WHERE o.state = 'merged'

-- step: place
SELECT 'merges' AS measure, kind, entity_id AS about, other_id AS entity_id FROM event WHERE event = 'merge'
UNION ALL
SELECT 'splits' AS measure, kind, entity_id AS about, entity_id FROM event WHERE event IN ('split', 'move')
UNION ALL
SELECT 'splits' AS measure, kind, entity_id AS about, other_id AS entity_id FROM event WHERE event IN ('split', 'move')
UNION ALL
SELECT 'departures' AS measure, kind, entity_id AS about, entity_id FROM event WHERE event = 'retire'
UNION ALL
SELECT 'cluster' AS measure, kind, entity_id AS about, entity_id FROM crowd

-- step: blamed
SELECT DISTINCT p.measure, p.kind, p.about, f.source, f.excused
FROM place AS p
INNER JOIN fresh AS f ON p.kind = f.kind AND p.entity_id = f.entity_id

-- step: excused_event
SELECT DISTINCT measure, kind, about FROM blamed WHERE excused = 1

-- step: counted
SELECT p.measure, p.kind, COUNT(DISTINCT p.about) AS found
FROM place AS p
LEFT JOIN excused_event AS e ON p.measure = e.measure AND p.kind = e.kind AND p.about = e.about
WHERE e.about IS NULL
GROUP BY p.measure, p.kind

-- step: cause
SELECT b.measure, b.kind, b.source, COUNT(DISTINCT b.about) AS found
FROM blamed AS b
LEFT JOIN excused_event AS e ON b.measure = e.measure AND b.kind = e.kind AND b.about = e.about
WHERE e.about IS NULL
GROUP BY b.measure, b.kind, b.source

-- step: withdrawn
SELECT o.source, o.kind, COUNT(DISTINCT o.record_id) AS found
FROM opened AS o
WHERE o.state = 'withdrawn'
GROUP BY o.source, o.kind

-- step: found
SELECT measure, kind, CAST(NULL AS TEXT) AS source, found FROM counted
UNION ALL
SELECT measure, kind, source, found FROM cause
UNION ALL
SELECT 'withdrawals' AS measure, kind, source, found FROM withdrawn
ORDER BY measure ASC, kind ASC, source ASC NULLS FIRST
