-- The events between the release as it stands and tonight, per entity. Every entity that enters or leaves its table has
-- exactly one event that says so (create, split, return; merge, retire, erase): the feed replays to the tables.
--   before_key, now_key (kind, entity_id); updated (kind, entity_id, fields)
--   before_identity (entity_id), identity (entity_id, signpost); before_home, now_home (kind, record_id, entity_id): clusters
--   erased (record_id): records of subjects who are to be erased

-- step: moved
SELECT n.kind, n.entity_id, b.entity_id AS other_id, COUNT(*) AS records
FROM now_home AS n
INNER JOIN before_home AS b ON n.kind = b.kind AND n.record_id = b.record_id
WHERE n.entity_id <> b.entity_id
GROUP BY n.kind, n.entity_id, b.entity_id

-- step: origin
SELECT m.kind, m.entity_id, m.other_id, m.records,
  ROW_NUMBER() OVER (PARTITION BY m.kind, m.entity_id ORDER BY m.records DESC, m.other_id ASC) AS preference
FROM moved AS m
INNER JOIN now_key AS k ON m.kind = k.kind AND m.other_id = k.entity_id

-- step: entered
SELECT n.kind, n.entity_id,
  CASE
    WHEN i.entity_id IS NOT NULL THEN 'return'
    WHEN o.other_id IS NOT NULL THEN 'split'
    ELSE 'create'
  END AS event,
  o.other_id
FROM now_key AS n
LEFT JOIN before_key AS b ON n.kind = b.kind AND n.entity_id = b.entity_id
LEFT JOIN before_identity AS i ON n.entity_id = i.entity_id
LEFT JOIN origin AS o ON n.kind = o.kind AND n.entity_id = o.entity_id AND o.preference = 1
WHERE b.entity_id IS NULL

-- step: forgotten
SELECT DISTINCT h.kind, h.entity_id
FROM before_home AS h
INNER JOIN erased AS e ON h.record_id = e.record_id

-- step: gone
SELECT b.kind, b.entity_id,
  CASE WHEN e.entity_id IS NOT NULL THEN 'erase' WHEN i.signpost IS NULL THEN 'retire' ELSE 'merge' END AS event,
  CASE WHEN e.entity_id IS NULL THEN i.signpost END AS other_id
FROM before_key AS b
LEFT JOIN forgotten AS e ON b.kind = e.kind AND b.entity_id = e.entity_id
LEFT JOIN now_key AS n ON b.kind = n.kind AND b.entity_id = n.entity_id
LEFT JOIN identity AS i ON b.entity_id = i.entity_id
WHERE n.entity_id IS NULL

-- step: received
SELECT m.kind, m.entity_id, m.other_id
FROM moved AS m
INNER JOIN before_key AS b ON m.kind = b.kind AND m.entity_id = b.entity_id
INNER JOIN now_key AS n ON m.kind = n.kind AND m.entity_id = n.entity_id
INNER JOIN now_key AS o ON m.kind = o.kind AND m.other_id = o.entity_id

-- step: change
SELECT kind, entity_id, event, fields, other_id
FROM (
  SELECT kind, entity_id, event, CAST(NULL AS TEXT) AS fields, other_id FROM entered
  UNION ALL
  SELECT kind, entity_id, 'update' AS event, fields, CAST(NULL AS TEXT) AS other_id FROM updated
  UNION ALL
  SELECT kind, entity_id, 'move' AS event, CAST(NULL AS TEXT) AS fields, other_id FROM received
  UNION ALL
  SELECT kind, entity_id, event, CAST(NULL AS TEXT) AS fields, other_id FROM gone
) AS e
ORDER BY kind ASC, entity_id ASC, event ASC, other_id ASC NULLS FIRST
