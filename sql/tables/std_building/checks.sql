-- What must hold of std_building inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.building_id
FROM std_building AS one
WHERE one.known_to <= one.known_from

-- check: address_id_resolves #fail
SELECT one.building_id
FROM std_building AS one
LEFT JOIN std_address AS other ON other.address_id = one.address_id AND other.known_to IS NULL
WHERE one.address_id IS NOT NULL AND other.address_id IS NULL AND one.known_to IS NULL

-- check: division_code_resolves #warn
SELECT one.building_id
FROM std_building AS one
LEFT JOIN std_division AS other ON other.code = one.division_code AND other.known_to IS NULL
WHERE one.division_code IS NOT NULL AND other.code IS NULL AND one.known_to IS NULL
