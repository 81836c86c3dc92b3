-- What must hold of rel_person_house inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.person_id, one.house_id, one.role
FROM rel_person_house AS one
WHERE one.known_to <= one.known_from

-- check: person_id_resolves #fail
SELECT one.person_id, one.house_id, one.role
FROM rel_person_house AS one
LEFT JOIN fact_person AS other ON other.person_id = one.person_id AND other.known_to IS NULL
WHERE one.person_id IS NOT NULL AND other.person_id IS NULL AND one.known_to IS NULL

-- check: house_id_resolves #fail
SELECT one.person_id, one.house_id, one.role
FROM rel_person_house AS one
LEFT JOIN fact_house AS other ON other.house_id = one.house_id AND other.known_to IS NULL
WHERE one.house_id IS NOT NULL AND other.house_id IS NULL AND one.known_to IS NULL
