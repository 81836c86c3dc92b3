-- What must hold of identity inside the publish transaction: every query returns the rows that break it.

-- check: signpost_resolves #fail
SELECT one.entity_id
FROM identity AS one
LEFT JOIN identity AS other ON other.entity_id = one.signpost
WHERE one.signpost IS NOT NULL AND other.entity_id IS NULL

-- check: retired_says_when #fail
SELECT one.entity_id
FROM identity AS one
WHERE (one.state = 'retired') <> (one.retired_release IS NOT NULL)
