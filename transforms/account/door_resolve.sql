-- Clusters of one kind: every live record in exactly one, no two resident numbers in one, identities and homes agree.
--   live_row (source, record_id), cluster (model.CLUSTER, trusted), identity (model.IDENTITY), home (model.HOME),
--   number (record_id, token): residents' valid numbers; sworn (entity_id): clusters that a person's judgement joined

-- step: two_numbers
SELECT c.entity_id
FROM cluster AS c
INNER JOIN number AS n ON c.record_id = n.record_id
WHERE c.trusted AND c.entity_id NOT IN (SELECT entity_id FROM sworn)
GROUP BY c.entity_id
HAVING COUNT(DISTINCT n.token) > 1

-- step: waiting
-- A record that came while its cluster held several identities waits there without a home (resolve/README.md).
SELECT c.record_id
FROM cluster AS c
INNER JOIN (
  SELECT m.entity_id
  FROM cluster AS m
  INNER JOIN home AS h ON m.record_id = h.record_id
  GROUP BY m.entity_id
  HAVING COUNT(DISTINCT h.entity_id) > 1
) AS merged ON c.entity_id = merged.entity_id

-- step: broken
SELECT 'live records in no cluster' AS what, l.source, l.record_id AS example
FROM live_row AS l
WHERE l.record_id NOT IN (SELECT record_id FROM cluster)
UNION ALL
SELECT 'clustered records that are not live' AS what, CAST(NULL AS TEXT) AS source, c.record_id AS example
FROM cluster AS c
WHERE c.record_id NOT IN (SELECT record_id FROM live_row)
UNION ALL
SELECT 'records in two clusters' AS what, MIN(l.source) AS source, c.record_id AS example
FROM cluster AS c
LEFT JOIN live_row AS l ON c.record_id = l.record_id
GROUP BY c.record_id
HAVING COUNT(*) > 1
UNION ALL
SELECT 'clusters with two resident numbers' AS what, MIN(l.source) AS source, c.entity_id AS example
FROM cluster AS c
INNER JOIN two_numbers AS t ON c.entity_id = t.entity_id
LEFT JOIN live_row AS l ON c.record_id = l.record_id
GROUP BY c.entity_id
UNION ALL
SELECT 'clusters without a live identity' AS what, MIN(l.source) AS source, c.entity_id AS example
FROM cluster AS c
LEFT JOIN live_row AS l ON c.record_id = l.record_id
WHERE c.entity_id NOT IN (SELECT entity_id FROM identity WHERE state = 'live')
GROUP BY c.entity_id
UNION ALL
SELECT 'live identities without a cluster' AS what, CAST(NULL AS TEXT) AS source, i.entity_id AS example
FROM identity AS i
WHERE i.state = 'live' AND i.entity_id NOT IN (SELECT entity_id FROM cluster)
UNION ALL
SELECT 'identities told twice' AS what, CAST(NULL AS TEXT) AS source, i.entity_id AS example
FROM identity AS i
GROUP BY i.entity_id
HAVING COUNT(*) > 1
UNION ALL
SELECT 'live records without a home' AS what, l.source, l.record_id AS example
FROM live_row AS l
WHERE l.record_id NOT IN (SELECT record_id FROM home) AND l.record_id NOT IN (SELECT record_id FROM waiting)
UNION ALL
SELECT 'records with two homes' AS what, MIN(l.source) AS source, h.record_id AS example
FROM home AS h
LEFT JOIN live_row AS l ON h.record_id = l.record_id
GROUP BY h.record_id
HAVING COUNT(*) > 1
UNION ALL
SELECT 'clusters that hold no home record of their identity' AS what, MIN(l.source) AS source, c.entity_id AS example
FROM cluster AS c
LEFT JOIN live_row AS l ON c.record_id = l.record_id
LEFT JOIN home AS h ON c.record_id = h.record_id AND c.entity_id = h.entity_id
GROUP BY c.entity_id
HAVING COUNT(h.record_id) = 0
UNION ALL
SELECT 'homes that are no identity' AS what, l.source, h.record_id AS example
FROM home AS h
LEFT JOIN live_row AS l ON h.record_id = l.record_id
WHERE h.entity_id NOT IN (SELECT entity_id FROM identity)

-- step: door
SELECT what, source, COUNT(*) AS n, MIN(example) AS example FROM broken GROUP BY what, source ORDER BY what, source NULLS FIRST
