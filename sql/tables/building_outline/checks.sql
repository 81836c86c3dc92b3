-- What must hold of building_outline inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.building_id
FROM building_outline AS one
WHERE one.known_to <= one.known_from

-- check: building_id_resolves #fail
SELECT one.building_id
FROM building_outline AS one
LEFT JOIN std_building AS other ON other.building_id = one.building_id AND other.known_to IS NULL
WHERE one.building_id IS NOT NULL AND other.building_id IS NULL AND one.known_to IS NULL
