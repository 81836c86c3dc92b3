-- Golden records of one kind: entities = identities, every claim's record stands in the entity it speaks for.
--   live_row (source, record_id), cluster (model.CLUSTER), claim (model.CLAIM), golden (entity_id: keys of the kind's table),
--   left_out (entity_id): entities that the authority says have died or moved away

-- step: entity
SELECT DISTINCT entity_id FROM cluster

-- step: broken
SELECT 'entities without a golden record' AS what, MIN(l.source) AS source, c.entity_id AS example
FROM cluster AS c
LEFT JOIN live_row AS l ON c.record_id = l.record_id
WHERE c.entity_id NOT IN (SELECT entity_id FROM golden) AND c.entity_id NOT IN (SELECT entity_id FROM left_out)
GROUP BY c.entity_id
UNION ALL
SELECT 'golden records without an entity' AS what, CAST(NULL AS TEXT) AS source, g.entity_id AS example
FROM golden AS g
WHERE g.entity_id NOT IN (SELECT entity_id FROM entity)
UNION ALL
SELECT 'entities with two golden records' AS what, CAST(NULL AS TEXT) AS source, g.entity_id AS example
FROM golden AS g
GROUP BY g.entity_id
HAVING COUNT(*) > 1
UNION ALL
SELECT 'golden records without a claim' AS what, CAST(NULL AS TEXT) AS source, g.entity_id AS example
FROM golden AS g
WHERE g.entity_id NOT IN (SELECT entity_id FROM claim)
UNION ALL
SELECT 'claims of records that do not stand in the entity' AS what, m.source, m.entity_id AS example
FROM claim AS m
LEFT JOIN cluster AS c ON m.entity_id = c.entity_id AND m.record_id = c.record_id
WHERE c.record_id IS NULL
UNION ALL
SELECT 'claims told twice' AS what, MIN(m.source) AS source, m.entity_id AS example
FROM claim AS m
GROUP BY m.entity_id, m.property
HAVING COUNT(*) > 1
UNION ALL
SELECT 'claims under the name of another source' AS what, l.source, m.entity_id AS example
FROM claim AS m
INNER JOIN live_row AS l ON m.record_id = l.record_id
WHERE m.source <> l.source

-- step: door
SELECT what, source, COUNT(*) AS n, MIN(example) AS example FROM broken GROUP BY what, source ORDER BY what, source NULLS FIRST
