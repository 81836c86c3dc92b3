-- What must hold of fact_person inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.person_id
FROM fact_person AS one
WHERE one.known_to <= one.known_from

-- check: registered_address_id_resolves #fail
SELECT one.person_id
FROM fact_person AS one
LEFT JOIN std_address AS other ON other.address_id = one.registered_address_id AND other.known_to IS NULL
WHERE one.registered_address_id IS NOT NULL AND other.address_id IS NULL AND one.known_to IS NULL

-- check: actual_address_id_resolves #fail
SELECT one.person_id
FROM fact_person AS one
LEFT JOIN std_address AS other ON other.address_id = one.actual_address_id AND other.known_to IS NULL
WHERE one.actual_address_id IS NOT NULL AND other.address_id IS NULL AND one.known_to IS NULL

-- check: address_id_resolves #fail
SELECT one.person_id
FROM fact_person AS one
LEFT JOIN std_address AS other ON other.address_id = one.address_id AND other.known_to IS NULL
WHERE one.address_id IS NOT NULL AND other.address_id IS NULL AND one.known_to IS NULL

-- check: building_id_resolves #fail
SELECT one.person_id
FROM fact_person AS one
LEFT JOIN std_building AS other ON other.building_id = one.building_id AND other.known_to IS NULL
WHERE one.building_id IS NOT NULL AND other.building_id IS NULL AND one.known_to IS NULL

-- check: house_id_resolves #fail
SELECT one.person_id
FROM fact_person AS one
LEFT JOIN fact_house AS other ON other.house_id = one.house_id AND other.known_to IS NULL
WHERE one.house_id IS NOT NULL AND other.house_id IS NULL AND one.known_to IS NULL

-- check: household_id_resolves #fail
SELECT one.person_id
FROM fact_person AS one
LEFT JOIN fact_household AS other ON other.household_id = one.household_id AND other.known_to IS NULL
WHERE one.household_id IS NOT NULL AND other.household_id IS NULL AND one.known_to IS NULL

-- check: division_code_resolves #warn
SELECT one.person_id
FROM fact_person AS one
LEFT JOIN std_division AS other ON other.code = one.division_code AND other.known_to IS NULL
WHERE one.division_code IS NOT NULL AND other.code IS NULL AND one.known_to IS NULL

-- check: grid_or_reason #fail
SELECT one.person_id
FROM v1_person AS one
WHERE (one.grid_id IS NULL) = (one.grid_reason IS NULL)

-- check: address_or_reason #fail
SELECT one.person_id
FROM fact_person AS one
WHERE (one.address_id IS NULL) = (one.place_reason IS NULL) AND one.known_to IS NULL
