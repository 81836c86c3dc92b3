-- What must hold of std_address inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.address_id
FROM std_address AS one
WHERE one.known_to <= one.known_from

-- check: parent_id_resolves #fail
SELECT one.address_id
FROM std_address AS one
LEFT JOIN std_address AS other ON other.address_id = one.parent_id AND other.known_to IS NULL
WHERE one.parent_id IS NOT NULL AND other.address_id IS NULL AND one.known_to IS NULL

-- check: building_id_resolves #fail
SELECT one.address_id
FROM std_address AS one
LEFT JOIN std_building AS other ON other.building_id = one.building_id AND other.known_to IS NULL
WHERE one.building_id IS NOT NULL AND other.building_id IS NULL AND one.known_to IS NULL

-- check: division_code_resolves #warn
SELECT one.address_id
FROM std_address AS one
LEFT JOIN std_division AS other ON other.code = one.division_code AND other.known_to IS NULL
WHERE one.division_code IS NOT NULL AND other.code IS NULL AND one.known_to IS NULL

-- check: status_is_known #fail
SELECT one.address_id
FROM std_address AS one
WHERE one.status NOT IN ('valid', 'proposed') AND one.known_to IS NULL
