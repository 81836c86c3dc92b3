-- Who was in a grid (parameter grid, its code) on a day (parameter day), as a cut (parameter cut, old or new) draws it?
-- A cut keeps its rows when the next one comes: of each node the last that was known of it in that cut counts.
WITH night_then AS (
  SELECT MAX(past.release) AS release FROM release AS past WHERE past.night <= :day
),
drawn AS (
  SELECT grid.grid_id, grid.code, grid.parent_id, ROW_NUMBER() OVER (
    PARTITION BY grid.grid_id ORDER BY grid.known_from DESC
  ) AS newest
  FROM std_grid AS grid
  WHERE grid.cut = :cut
),
inside AS (
  SELECT own.grid_id
  FROM drawn AS own
  LEFT JOIN drawn AS up1 ON up1.grid_id = own.parent_id AND up1.newest = 1
  LEFT JOIN drawn AS up2 ON up2.grid_id = up1.parent_id AND up2.newest = 1
  LEFT JOIN drawn AS up3 ON up3.grid_id = up2.parent_id AND up3.newest = 1
  WHERE own.newest = 1 AND :grid IN (own.code, up1.code, up2.code, up3.code)
),
place AS (
  SELECT node.node_kind, node.node_id, node.grid_id, ROW_NUMBER() OVER (
    PARTITION BY node.node_kind, node.node_id ORDER BY node.known_from DESC
  ) AS newest
  FROM place_grid AS node
  WHERE node.cut = :cut
)
SELECT
  person.person_id,
  COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id) AS grid_id
FROM fact_person AS person
CROSS JOIN night_then
LEFT JOIN place AS by_address
  ON by_address.node_kind = 'address' AND by_address.node_id = person.address_id AND by_address.newest = 1
LEFT JOIN place AS by_building
  ON by_building.node_kind = 'building' AND by_building.node_id = person.building_id AND by_building.newest = 1
LEFT JOIN place AS by_division
  ON by_division.node_kind = 'division' AND by_division.node_id = person.division_code AND by_division.newest = 1
WHERE
  person.known_from <= night_then.release
  AND (person.known_to IS NULL OR person.known_to > night_then.release)
  AND COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id) IN (SELECT inside.grid_id FROM inside)
  AND person.person_id NOT IN (SELECT shut.entity_id FROM restricted AS shut WHERE shut.state <> 'lifted')
ORDER BY person.person_id
