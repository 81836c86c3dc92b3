-- Who is registered in a house (parameter house) and lives in another one (人户分离), since when, and which records say so?
WITH apart AS (
  SELECT
    here.person_id,
    here.record_id AS registered_record,
    there.house_id AS actual_house,
    there.record_id AS actual_record
  FROM rel_person_house AS here
  INNER JOIN rel_person_house AS there
    ON there.person_id = here.person_id AND there.role = 'actual' AND there.house_id <> here.house_id AND there.known_to IS NULL
  WHERE
    here.house_id = :house AND here.role = 'registered' AND here.known_to IS NULL
    AND here.person_id NOT IN (SELECT shut.entity_id FROM restricted AS shut WHERE shut.state <> 'lifted')
),

-- a version that follows another of the same tie without a gap only has other evidence: the tie held before
begun AS (
  SELECT
    tie.person_id,
    tie.house_id,
    tie.role,
    tie.valid_from,
    ROW_NUMBER() OVER (PARTITION BY tie.person_id, tie.house_id, tie.role ORDER BY tie.known_from DESC) AS place
  FROM rel_person_house AS tie
  INNER JOIN apart ON apart.person_id = tie.person_id
  LEFT JOIN rel_person_house AS earlier
    ON earlier.person_id = tie.person_id AND earlier.house_id = tie.house_id AND earlier.role = tie.role
    AND earlier.known_to = tie.known_from
  WHERE earlier.person_id IS NULL
)

SELECT
  apart.person_id,
  apart.actual_house,
  registered.valid_from AS registered_since,
  actual.valid_from AS living_there_since,
  CASE WHEN registered.valid_from > actual.valid_from THEN registered.valid_from ELSE actual.valid_from END AS apart_since,
  apart.registered_record,
  apart.actual_record
FROM apart
INNER JOIN begun AS registered
  ON registered.person_id = apart.person_id AND registered.house_id = :house AND registered.role = 'registered'
  AND registered.place = 1
INNER JOIN begun AS actual
  ON actual.person_id = apart.person_id AND actual.house_id = apart.actual_house AND actual.role = 'actual'
  AND actual.place = 1
ORDER BY apart.person_id
