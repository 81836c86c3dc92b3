-- 实有人口: every current row with its grid of the current cut, the grids above it, the method, or the reason for none.
-- Of a restricted person it shows that there is one and nothing else.
CREATE VIEW v1_person AS
SELECT
  fact.person_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.name END AS name,
  CASE WHEN shut.entity_id IS NULL THEN fact.sex END AS sex,
  CASE WHEN shut.entity_id IS NULL THEN fact.birth_date END AS birth_date,
  CASE WHEN shut.entity_id IS NULL THEN fact.birth_precision END AS birth_precision,
  CASE WHEN shut.entity_id IS NULL THEN fact.registered_address_id END AS registered_address_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.actual_address_id END AS actual_address_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.address_id END AS address_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.building_id END AS building_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.division_code END AS division_code,
  CASE WHEN shut.entity_id IS NULL THEN fact.place_reason END AS place_reason,
  CASE WHEN shut.entity_id IS NULL THEN fact.house_id END AS house_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.household_id END AS household_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.residence_kind END AS residence_kind,
  CASE WHEN shut.entity_id IS NULL THEN fact.life_status END AS life_status,
  CASE WHEN shut.entity_id IS NULL THEN fact.status_date END AS status_date,
  CASE WHEN shut.entity_id IS NULL THEN fact.certainty END AS certainty,
  CASE WHEN shut.entity_id IS NULL THEN fact.valid_from END AS valid_from,
  CASE WHEN shut.entity_id IS NULL THEN fact.provenance END AS provenance,
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
    WHEN shut.entity_id IS NOT NULL THEN 'restricted'
    WHEN COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id) IS NULL
      THEN COALESCE(by_address.reason, by_building.reason, by_division.reason, fact.place_reason)
  END AS grid_reason,
  shut.entity_id IS NOT NULL AS restricted
FROM fact_person AS fact
LEFT JOIN restricted AS shut ON shut.entity_id = fact.person_id AND shut.state <> 'lifted'
LEFT JOIN v1_place AS by_address
  ON by_address.node_kind = 'address' AND by_address.node_id = fact.address_id AND shut.entity_id IS NULL
LEFT JOIN v1_place AS by_building
  ON by_building.node_kind = 'building' AND by_building.node_id = fact.building_id AND shut.entity_id IS NULL
LEFT JOIN v1_place AS by_division
  ON by_division.node_kind = 'division' AND by_division.node_id = fact.division_code AND shut.entity_id IS NULL
LEFT JOIN std_grid AS grid
  ON grid.grid_id = COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id) AND grid.known_to IS NULL
  AND grid.cut = (SELECT MAX(last.cut) FROM std_grid AS last WHERE last.known_to IS NULL)
LEFT JOIN std_grid AS up1 ON up1.grid_id = grid.parent_id AND up1.known_to IS NULL
LEFT JOIN std_grid AS up2 ON up2.grid_id = up1.parent_id AND up2.known_to IS NULL
LEFT JOIN std_grid AS up3 ON up3.grid_id = up2.parent_id AND up3.known_to IS NULL
WHERE fact.known_to IS NULL
