-- step: member
SELECT p.person_id, h.household_id
FROM person AS p
LEFT JOIN person_household AS h ON p.person_id = h.person_id
ORDER BY p.person_id ASC NULLS FIRST
