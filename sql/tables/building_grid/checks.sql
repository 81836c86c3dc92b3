-- What must hold of building_grid inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.building_id, one.cut, one.grid_id
FROM building_grid AS one
WHERE one.known_to <= one.known_from

-- check: building_id_resolves #fail
SELECT one.building_id, one.cut, one.grid_id
FROM building_grid AS one
LEFT JOIN std_building AS other ON other.building_id = one.building_id AND other.known_to IS NULL
WHERE one.building_id IS NOT NULL AND other.building_id IS NULL AND one.known_to IS NULL

-- check: grid_id_resolves #fail
SELECT one.building_id, one.cut, one.grid_id
FROM building_grid AS one
LEFT JOIN std_grid AS other ON other.grid_id = one.grid_id AND other.known_to IS NULL
WHERE one.grid_id IS NOT NULL AND other.grid_id IS NULL AND one.known_to IS NULL

-- check: share_is_a_share #fail
SELECT one.building_id, one.cut, one.grid_id
FROM building_grid AS one
WHERE (one.share <= 0 OR one.share > 1) AND one.known_to IS NULL

-- check: assigned_once #fail
SELECT one.building_id, one.cut
FROM building_grid AS one
WHERE one.known_to IS NULL
GROUP BY one.building_id, one.cut
HAVING SUM(CASE WHEN one.assigned THEN 1 ELSE 0 END) <> 1
