-- What must hold of record inside the publish transaction: every query returns the rows that break it.

-- check: entity_id_resolves #fail
SELECT one.source, one.batch, one.line, one.kind, one.record_id
FROM record AS one
LEFT JOIN identity AS other ON other.entity_id = one.entity_id
WHERE one.entity_id IS NOT NULL AND other.entity_id IS NULL

-- check: merged_has_an_entity #fail
SELECT one.source, one.batch, one.line, one.kind, one.record_id
FROM record AS one
WHERE one.state = 'merged' AND one.entity_id IS NULL

-- check: merged_stands_in_an_entity #fail
-- Few identities are not live: from them to their records, not from every record to its identity.
SELECT one.source, one.batch, one.line, one.kind, one.record_id
FROM record AS one
WHERE one.state = 'merged'
  AND one.entity_id IN (SELECT other.entity_id FROM identity AS other WHERE other.state <> 'live')
