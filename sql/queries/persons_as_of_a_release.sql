-- How did fact_person stand in a release (parameter release)? The same WHERE serves every table with history.
SELECT
  person.person_id,
  person.name,
  person.address_id,
  person.certainty
FROM fact_person AS person
WHERE
  person.known_from <= :release
  AND (person.known_to IS NULL OR person.known_to > :release)
  AND person.person_id NOT IN (SELECT shut.entity_id FROM restricted AS shut WHERE shut.state <> 'lifted')
ORDER BY person.person_id
