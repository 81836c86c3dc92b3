-- 实有单位: every current row with its grid of the current cut, the grids above it, the method, or the reason for none.
CREATE VIEW v1_organization AS
SELECT
  fact.organization_id,
  fact.credit_code,
  fact.name,
  fact.organization_kind,
  fact.industry,
  fact.status,
  fact.established,
  fact.registered_address_id,
  fact.actual_address_id,
  fact.address_id,
  fact.building_id,
  fact.division_code,
  fact.place_reason,
  fact.certainty,
  fact.valid_from,
  fact.provenance,
  fact.known_from,
  grid.grid_id,
  grid.code AS grid_code,
  CASE 'large' WHEN grid.level THEN grid.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS large_code,
  CASE 'medium' WHEN grid.level THEN grid.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS medium_code,
  CASE 'small' WHEN grid.level THEN grid.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS small_code,
  CASE 'micro' WHEN grid.level THEN grid.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS micro_code,
  CASE
    WHEN by_address.grid_id IS NOT NULL THEN by_address.method
    WHEN by_building.grid_id IS NOT NULL THEN by_building.method
    WHEN by_division.grid_id IS NOT NULL THEN by_division.method
  END AS grid_method,
  CASE
    WHEN COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id) IS NULL
      THEN COALESCE(by_address.reason, by_building.reason, by_division.reason, fact.place_reason)
  END AS grid_reason
FROM fact_organization AS fact
LEFT JOIN v1_place AS by_address
  ON by_address.node_kind = 'address' AND by_address.node_id = fact.address_id
LEFT JOIN v1_place AS by_building
  ON by_building.node_kind = 'building' AND by_building.node_id = fact.building_id
LEFT JOIN v1_place AS by_division
  ON by_division.node_kind = 'division' AND by_division.node_id = fact.division_code
LEFT JOIN std_grid AS grid
  ON grid.grid_id = COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id) AND grid.known_to IS NULL
  AND grid.cut = (SELECT MAX(last.cut) FROM std_grid AS last WHERE last.known_to IS NULL)
LEFT JOIN std_grid AS up1 ON up1.grid_id = grid.parent_id AND up1.known_to IS NULL
LEFT JOIN std_grid AS up2 ON up2.grid_id = up1.parent_id AND up2.known_to IS NULL
LEFT JOIN std_grid AS up3 ON up3.grid_id = up2.parent_id AND up3.known_to IS NULL
WHERE fact.known_to IS NULL
