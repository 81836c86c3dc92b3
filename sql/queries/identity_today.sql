-- Where does an identity (parameter entity), live or retired, stand today? Signposts are followed to their end.
WITH RECURSIVE way (entity_id, state, signpost, steps) AS (
  SELECT
    known.entity_id,
    known.state,
    known.signpost,
    0 AS steps
  FROM identity AS known
  WHERE known.entity_id = :entity
  UNION ALL
  SELECT
    onward.entity_id,
    onward.state,
    onward.signpost,
    way.steps + 1 AS steps
  FROM way
  INNER JOIN identity AS onward ON onward.entity_id = way.signpost
  WHERE way.steps < 100
)

SELECT
  way.entity_id,
  way.state,
  way.steps
FROM way
ORDER BY way.steps DESC
LIMIT 1
