-- In which grid did every building lie in a cut of the grids (parameter cut), as it stood in a release (parameter release)?
SELECT
  place.node_id AS building_id,
  grid.code AS grid_code,
  place.method,
  place.reason
FROM place_grid AS place
LEFT JOIN std_grid AS grid
  ON grid.grid_id = place.grid_id
  AND grid.known_from <= :release
  AND (grid.known_to IS NULL OR grid.known_to > :release)
WHERE
  place.node_kind = 'building'
  AND place.cut = :cut
  AND place.known_from <= :release
  AND (place.known_to IS NULL OR place.known_to > :release)
ORDER BY place.node_id
