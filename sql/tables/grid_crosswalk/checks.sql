-- What must hold of grid_crosswalk inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.source, one.old_code, one.grid_id
FROM grid_crosswalk AS one
WHERE one.known_to <= one.known_from

-- check: grid_id_resolves #fail
SELECT one.source, one.old_code, one.grid_id
FROM grid_crosswalk AS one
LEFT JOIN std_grid AS other ON other.grid_id = one.grid_id AND other.known_to IS NULL
WHERE one.grid_id IS NOT NULL AND other.grid_id IS NULL AND one.known_to IS NULL

-- check: weight_is_a_share #fail
SELECT one.source, one.old_code, one.grid_id
FROM grid_crosswalk AS one
WHERE (one.weight <= 0 OR one.weight > 1) AND one.known_to IS NULL
