-- What must hold of place_grid inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.node_kind, one.node_id, one.cut
FROM place_grid AS one
WHERE one.known_to <= one.known_from

-- check: grid_id_resolves #fail
SELECT one.node_kind, one.node_id, one.cut
FROM place_grid AS one
LEFT JOIN std_grid AS other ON other.grid_id = one.grid_id AND other.cut = one.cut AND other.known_to IS NULL
WHERE
  one.grid_id IS NOT NULL AND other.grid_id IS NULL AND one.known_to IS NULL
  AND one.cut = (SELECT MAX(last.cut) FROM place_grid AS last WHERE last.known_to IS NULL)

-- check: grid_of_the_cut_before_is_known #fail
SELECT one.node_kind, one.node_id, one.cut
FROM place_grid AS one
LEFT JOIN std_grid AS other ON other.grid_id = one.grid_id
WHERE one.grid_id IS NOT NULL AND other.grid_id IS NULL AND one.known_to IS NULL

-- check: grid_or_reason #fail
SELECT one.node_kind, one.node_id, one.cut
FROM place_grid AS one
WHERE (one.grid_id IS NULL) = (one.reason IS NULL) AND one.known_to IS NULL
