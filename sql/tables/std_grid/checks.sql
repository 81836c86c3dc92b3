-- What must hold of std_grid inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.grid_id
FROM std_grid AS one
WHERE one.known_to <= one.known_from

-- check: parent_id_resolves #fail
SELECT one.grid_id
FROM std_grid AS one
LEFT JOIN std_grid AS other ON other.grid_id = one.parent_id AND other.known_to IS NULL
WHERE one.parent_id IS NOT NULL AND other.grid_id IS NULL AND one.known_to IS NULL

-- check: level_is_known #fail
SELECT one.grid_id
FROM std_grid AS one
WHERE one.level NOT IN ('large', 'medium', 'small', 'micro') AND one.known_to IS NULL
