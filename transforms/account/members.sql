-- Every resident beside the household in which the person is published who holds most of the resident's records.
--   truth (source, file_sha256, line, entity): of persons' rows; resident (entity, household, cases): of one night
--   record of the release; person_household (person_id, household_id)

-- step: true_row
SELECT DISTINCT t.source, t.file_sha256, t.line, t.entity
FROM truth AS t

-- step: stands
SELECT t.entity, r.entity_id, COUNT(*) AS records
FROM record AS r
INNER JOIN true_row AS t
  ON r.source = t.source AND r.line = t.line AND RIGHT(r.batch, 64) = t.file_sha256
WHERE r.kind = 'person' AND r.state = 'merged'
GROUP BY t.entity, r.entity_id

-- step: person
SELECT w.entity, w.entity_id
FROM (
  SELECT
    s.entity, s.entity_id,
    ROW_NUMBER() OVER (PARTITION BY s.entity ORDER BY s.records DESC, s.entity_id ASC) AS place
  FROM stands AS s
) AS w
WHERE w.place = 1

-- step: row
SELECT r.household AS true_household, h.household_id, r.cases
FROM resident AS r
LEFT JOIN person AS p ON r.entity = p.entity
LEFT JOIN person_household AS h ON p.entity_id = h.person_id
