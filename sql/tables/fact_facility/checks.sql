-- What must hold of fact_facility inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.facility_id
FROM fact_facility AS one
WHERE one.known_to <= one.known_from

-- check: address_id_resolves #fail
SELECT one.facility_id
FROM fact_facility AS one
LEFT JOIN std_address AS other ON other.address_id = one.address_id AND other.known_to IS NULL
WHERE one.address_id IS NOT NULL AND other.address_id IS NULL AND one.known_to IS NULL

-- check: division_code_resolves #warn
SELECT one.facility_id
FROM fact_facility AS one
LEFT JOIN std_division AS other ON other.code = one.division_code AND other.known_to IS NULL
WHERE one.division_code IS NOT NULL AND other.code IS NULL AND one.known_to IS NULL

-- check: grid_or_reason #fail
SELECT one.facility_id
FROM v1_facility AS one
WHERE (one.grid_id IS NULL) = (one.grid_reason IS NULL)

-- check: address_or_reason #fail
SELECT one.facility_id
FROM fact_facility AS one
WHERE (one.address_id IS NULL) = (one.place_reason IS NULL) AND one.known_to IS NULL
