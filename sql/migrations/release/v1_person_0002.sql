-- 实有人口: every current row with its grid of the current cut, the grids above it, the method, or the reason for none.
CREATE VIEW v1_person AS
SELECT
  fact.person_id,
  fact.name,
  fact.sex,
  fact.birth_date,
  fact.birth_precision,
  fact.registered_address_id,
  fact.actual_address_id,
  fact.address_id,
  fact.building_id,
  fact.division_code,
  fact.place_reason,
  fact.house_id,
  fact.household_id,
  fact.residence_kind,
  fact.life_status,
  fact.status_date,
  fact.certainty,
  fact.valid_from,
  fact.provenance,
  fact.known_from,
  grid.grid_id,
  grid.grid_code,
  grid.large_code,
  grid.medium_code,
  grid.small_code,
  grid.micro_code,
  CASE
    WHEN by_address.grid_id IS NOT NULL THEN by_address.method
    WHEN by_building.grid_id IS NOT NULL THEN by_building.method
    WHEN by_division.grid_id IS NOT NULL THEN by_division.method
  END AS grid_method,
  CASE
    WHEN COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id) IS NULL
      THEN COALESCE(by_address.reason, by_building.reason, by_division.reason, fact.place_reason)
  END AS grid_reason
FROM fact_person AS fact
LEFT JOIN v1_place AS by_address
  ON by_address.node_kind = 'address' AND by_address.node_id = fact.address_id
LEFT JOIN v1_place AS by_building
  ON by_building.node_kind = 'building' AND by_building.node_id = fact.building_id
LEFT JOIN v1_place AS by_division
  ON by_division.node_kind = 'division' AND by_division.node_id = fact.division_code
LEFT JOIN v1_grid AS grid ON grid.grid_id = COALESCE(by_address.grid_id, by_building.grid_id, by_division.grid_id)
WHERE fact.known_to IS NULL
