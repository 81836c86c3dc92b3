-- What must hold of vault_identifier inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.entity_id, one.what, one.token
FROM vault_identifier AS one
WHERE one.known_to <= one.known_from

-- check: entity_id_resolves #fail
SELECT one.entity_id, one.what, one.token
FROM vault_identifier AS one
LEFT JOIN identity AS other ON other.entity_id = one.entity_id
WHERE one.entity_id IS NOT NULL AND other.entity_id IS NULL AND one.known_to IS NULL
