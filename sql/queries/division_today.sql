-- Which division does a code (parameter code), retired or not, stand for today, and why? One row per step, the newest last.
WITH RECURSIVE step AS (
  SELECT division.code, division.name, division.valid_to, division.successor_code, 0 AS steps
  FROM std_division AS division
  WHERE division.known_to IS NULL AND division.code = :code
  UNION ALL
  SELECT next.code, next.name, next.valid_to, next.successor_code, step.steps + 1
  FROM step
  INNER JOIN std_division AS next ON next.code = step.successor_code AND next.known_to IS NULL
  WHERE step.steps < 20
)
SELECT
  step.code,
  step.name,
  CASE
    WHEN step.valid_to IS NULL THEN 'current'
    ELSE 'ended ' || CAST(step.valid_to AS TEXT) || ', succeeded by ' || COALESCE(step.successor_code, 'none')
  END AS note
FROM step
ORDER BY step.steps
