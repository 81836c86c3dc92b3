-- How many persons live, and how many are registered, in a house (parameter house)?
SELECT
  tie.role,
  COUNT(*) AS persons
FROM rel_person_house AS tie
WHERE tie.house_id = :house AND tie.known_to IS NULL
GROUP BY tie.role
ORDER BY tie.role
