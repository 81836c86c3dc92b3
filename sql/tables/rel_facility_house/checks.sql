-- What must hold of rel_facility_house inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.facility_id, one.house_id, one.role
FROM rel_facility_house AS one
WHERE one.known_to <= one.known_from

-- check: facility_id_resolves #fail
SELECT one.facility_id, one.house_id, one.role
FROM rel_facility_house AS one
LEFT JOIN fact_facility AS other ON other.facility_id = one.facility_id AND other.known_to IS NULL
WHERE one.facility_id IS NOT NULL AND other.facility_id IS NULL AND one.known_to IS NULL

-- check: house_id_resolves #fail
SELECT one.facility_id, one.house_id, one.role
FROM rel_facility_house AS one
LEFT JOIN fact_house AS other ON other.house_id = one.house_id AND other.known_to IS NULL
WHERE one.house_id IS NOT NULL AND other.house_id IS NULL AND one.known_to IS NULL
