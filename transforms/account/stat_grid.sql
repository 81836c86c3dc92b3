-- Counts per grid and level. A fact stands in the grid of its facility node, else address, else building, else division,
-- and so in every grid above it. Counts leave here whole; suppress.py leaves small cells out.
--   placed (what, id, facility_id, address_id, building_id, division_code), place_grid, std_grid

-- step: place
SELECT node_kind, node_id, grid_id, method, reason
FROM place_grid
WHERE cut = (SELECT MAX(cut) FROM place_grid)

-- step: fact_grid
SELECT
  p.what, p.id,
  COALESCE(f.grid_id, a.grid_id, b.grid_id, d.grid_id) AS grid_id,
  CASE
    WHEN f.grid_id IS NOT NULL THEN f.method
    WHEN a.grid_id IS NOT NULL THEN a.method
    WHEN b.grid_id IS NOT NULL THEN b.method
    WHEN d.grid_id IS NOT NULL THEN d.method
  END AS method,
  CASE
    WHEN COALESCE(f.grid_id, a.grid_id, b.grid_id, d.grid_id) IS NULL
      THEN COALESCE(f.reason, a.reason, b.reason, d.reason, p.place_reason)
  END AS reason
FROM placed AS p
LEFT JOIN place AS f ON f.node_kind = 'facility' AND p.facility_id = f.node_id
LEFT JOIN place AS a ON a.node_kind = 'address' AND p.address_id = a.node_id
LEFT JOIN place AS b ON b.node_kind = 'building' AND p.building_id = b.node_id
LEFT JOIN place AS d ON d.node_kind = 'division' AND p.division_code = d.node_id

-- step: chain
SELECT g.grid_id, g.grid_id AS upper_id FROM std_grid AS g
UNION ALL
SELECT g.grid_id, g.parent_id AS upper_id FROM std_grid AS g WHERE g.parent_id IS NOT NULL
UNION ALL
SELECT g.grid_id, p.parent_id AS upper_id
FROM std_grid AS g
INNER JOIN std_grid AS p ON g.parent_id = p.grid_id
WHERE p.parent_id IS NOT NULL
UNION ALL
SELECT g.grid_id, q.parent_id AS upper_id
FROM std_grid AS g
INNER JOIN std_grid AS p ON g.parent_id = p.grid_id
INNER JOIN std_grid AS q ON p.parent_id = q.grid_id
WHERE q.parent_id IS NOT NULL

-- step: counted
SELECT
  c.upper_id AS grid_id,
  COUNT(CASE WHEN f.what = 'person' THEN 1 END) AS persons,
  COUNT(CASE WHEN f.what = 'household' THEN 1 END) AS households,
  COUNT(CASE WHEN f.what = 'house' THEN 1 END) AS houses,
  COUNT(CASE WHEN f.what = 'premises' THEN 1 END) AS premises,
  COUNT(CASE WHEN f.what = 'organization' THEN 1 END) AS organizations,
  COUNT(CASE WHEN f.what = 'facility' THEN 1 END) AS facilities
FROM fact_grid AS f
INNER JOIN chain AS c ON f.grid_id = c.grid_id
GROUP BY c.upper_id

-- step: stat_grid
SELECT
  g.cut, g.grid_id, g.level, g.parent_id,
  COALESCE(n.persons, 0) AS persons,
  COALESCE(n.households, 0) AS households,
  COALESCE(n.houses, 0) AS houses,
  COALESCE(n.premises, 0) AS premises,
  COALESCE(n.organizations, 0) AS organizations,
  COALESCE(n.facilities, 0) AS facilities
FROM std_grid AS g
LEFT JOIN counted AS n ON g.grid_id = n.grid_id
ORDER BY g.cut, g.grid_id
