-- How many persons live in each small grid? (Counts of any size: for use under rights; stat_grid hides small ones.)
SELECT
  person.small_code,
  COUNT(*) AS persons
FROM v1_person AS person
WHERE person.small_code IS NOT NULL
GROUP BY person.small_code
ORDER BY person.small_code
