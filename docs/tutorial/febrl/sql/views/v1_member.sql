-- Library members: every current row. Of a restricted member it shows that there is one and nothing else.
CREATE VIEW v1_member AS
SELECT
  fact.member_id,
  CASE WHEN shut.entity_id IS NULL THEN fact.given_name END AS given_name,
  CASE WHEN shut.entity_id IS NULL THEN fact.surname END AS surname,
  CASE WHEN shut.entity_id IS NULL THEN fact.street_number END AS street_number,
  CASE WHEN shut.entity_id IS NULL THEN fact.street END AS street,
  CASE WHEN shut.entity_id IS NULL THEN fact.place END AS place,
  CASE WHEN shut.entity_id IS NULL THEN fact.suburb END AS suburb,
  CASE WHEN shut.entity_id IS NULL THEN fact.postcode END AS postcode,
  CASE WHEN shut.entity_id IS NULL THEN fact.state END AS state,
  CASE WHEN shut.entity_id IS NULL THEN fact.birth_date END AS birth_date,
  CASE WHEN shut.entity_id IS NULL THEN fact.certainty END AS certainty,
  CASE WHEN shut.entity_id IS NULL THEN fact.valid_from END AS valid_from,
  CASE WHEN shut.entity_id IS NULL THEN fact.provenance END AS provenance,
  fact.known_from,
  shut.entity_id IS NOT NULL AS restricted
FROM fact_member AS fact
LEFT JOIN restricted AS shut ON shut.entity_id = fact.member_id AND shut.state <> 'lifted'
WHERE fact.known_to IS NULL
