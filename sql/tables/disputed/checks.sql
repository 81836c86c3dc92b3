-- What must hold of disputed inside the publish transaction: every query returns the rows that break it.

-- check: entity_id_resolves #fail
SELECT one.entity_id
FROM disputed AS one
LEFT JOIN identity AS other ON other.entity_id = one.entity_id
WHERE other.entity_id IS NULL

-- check: state_is_known #fail
SELECT one.entity_id
FROM disputed AS one
WHERE one.state NOT IN ('new', 'told', 'answered')
