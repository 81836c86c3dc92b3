-- Which buildings lie in several small grids of the newest cut, with what share of their area in each, and which one counts?
SELECT
  part.building_id,
  building.code AS building_code,
  grid.code AS grid_code,
  part.share,
  part.assigned
FROM building_grid AS part
LEFT JOIN std_building AS building
  ON building.building_id = part.building_id AND building.known_to IS NULL
LEFT JOIN std_grid AS grid
  ON grid.grid_id = part.grid_id AND grid.known_to IS NULL
WHERE part.known_to IS NULL
ORDER BY part.building_id, grid.code
