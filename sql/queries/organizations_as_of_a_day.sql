-- Which organizations were there on a day (parameter day), as far as is known now? The same WHERE serves every fact.
-- Of the versions that hold from that day or before, the one that holds from the latest day counts, then the one known
-- last; an organization that was gone from the release of that night or an earlier one is not there.
SELECT
  organization.organization_id,
  organization.name,
  organization.status
FROM fact_organization AS organization
LEFT JOIN release AS gone ON gone.release = organization.known_to
WHERE
  organization.valid_from <= :day
  AND NOT EXISTS (
    SELECT 1
    FROM fact_organization AS later
    WHERE
      later.organization_id = organization.organization_id
      AND later.valid_from <= :day
      AND (
        later.valid_from > organization.valid_from
        OR (later.valid_from = organization.valid_from AND later.known_from > organization.known_from)
      )
  )
  AND NOT (
    gone.night IS NOT NULL
    AND gone.night <= CAST(:day AS TEXT)
    AND NOT EXISTS (
      SELECT 1
      FROM fact_organization AS succeeding
      WHERE
        succeeding.organization_id = organization.organization_id
        AND succeeding.known_from = organization.known_to
    )
  )
ORDER BY organization.organization_id
