-- What must hold of fact_household inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.household_id
FROM fact_household AS one
WHERE one.known_to <= one.known_from

-- check: house_id_resolves #fail
SELECT one.household_id
FROM fact_household AS one
LEFT JOIN fact_house AS other ON other.house_id = one.house_id AND other.known_to IS NULL
WHERE one.house_id IS NOT NULL AND other.house_id IS NULL AND one.known_to IS NULL

-- check: address_id_resolves #fail
SELECT one.household_id
FROM fact_household AS one
LEFT JOIN std_address AS other ON other.address_id = one.address_id AND other.known_to IS NULL
WHERE one.address_id IS NOT NULL AND other.address_id IS NULL AND one.known_to IS NULL

-- check: building_id_resolves #fail
SELECT one.household_id
FROM fact_household AS one
LEFT JOIN std_building AS other ON other.building_id = one.building_id AND other.known_to IS NULL
WHERE one.building_id IS NOT NULL AND other.building_id IS NULL AND one.known_to IS NULL

-- check: division_code_resolves #warn
SELECT one.household_id
FROM fact_household AS one
LEFT JOIN std_division AS other ON other.code = one.division_code AND other.known_to IS NULL
WHERE one.division_code IS NOT NULL AND other.code IS NULL AND one.known_to IS NULL

-- check: grid_or_reason #fail
SELECT one.household_id
FROM v1_household AS one
WHERE (one.grid_id IS NULL) = (one.grid_reason IS NULL)

-- check: address_or_reason #fail
SELECT one.household_id
FROM fact_household AS one
WHERE (one.address_id IS NULL) = (one.place_reason IS NULL) AND one.known_to IS NULL

-- check: size_is_its_members #warn
SELECT one.household_id
FROM fact_household AS one
LEFT JOIN fact_person AS member ON member.household_id = one.household_id AND member.known_to IS NULL
WHERE one.known_to IS NULL
GROUP BY one.household_id, one.size
HAVING one.size <> COUNT(member.person_id)
