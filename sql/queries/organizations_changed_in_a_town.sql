-- Which organizations of a town (parameter town, its 12-digit code) changed after a release (parameter release)?
SELECT
  organization.organization_id,
  organization.name,
  organization.status,
  organization.grid_code,
  MAX(event.release) AS last_changed
FROM v1_organization AS organization
INNER JOIN change AS event ON event.entity_id = organization.organization_id
WHERE
  event.kind = 'organization'
  AND event.release > :release
  AND SUBSTR(organization.division_code, 1, 9) = SUBSTR(:town, 1, 9)
GROUP BY
  organization.organization_id, organization.name, organization.status, organization.grid_code
ORDER BY organization.organization_id
