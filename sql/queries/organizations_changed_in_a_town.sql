-- Which organizations of a town (parameter town, its name or 12-digit code) are new, changed or gone since a release (parameter release, its number or "previous")?
WITH moved AS (
  SELECT event.entity_id, MAX(event.release) AS last_changed
  FROM change AS event
  WHERE event.kind = 'organization' AND event.release > :release
  GROUP BY event.entity_id
),

told AS (
  SELECT
    moved.entity_id AS organization_id,
    moved.last_changed,
    COALESCE(organization.name, earlier.name) AS name,
    organization.status,
    organization.grid_code,
    SUBSTR(organization.division_code, 1, 9) AS town_now,
    SUBSTR(earlier.division_code, 1, 9) AS town_then
  FROM moved
  LEFT JOIN v1_organization AS organization ON organization.organization_id = moved.entity_id
  LEFT JOIN fact_organization AS earlier
    ON earlier.organization_id = moved.entity_id
    AND earlier.known_from <= :release AND (earlier.known_to IS NULL OR earlier.known_to > :release)
)

SELECT
  told.organization_id,
  told.name,
  told.status,
  told.grid_code,
  told.last_changed,
  CASE
    WHEN told.town_now IS NULL OR told.town_now <> SUBSTR(:town, 1, 9) THEN 'gone'
    WHEN told.town_then = SUBSTR(:town, 1, 9) THEN 'changed'
    ELSE 'new'
  END AS what
FROM told
WHERE told.town_now = SUBSTR(:town, 1, 9) OR told.town_then = SUBSTR(:town, 1, 9)
ORDER BY told.organization_id
