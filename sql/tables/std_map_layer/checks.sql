-- What must hold of std_map_layer inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.layer_id
FROM std_map_layer AS one
WHERE one.known_to <= one.known_from
