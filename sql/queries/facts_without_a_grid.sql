-- How many facts of each kind have no grid, and why?
SELECT 'person' AS kind, one.grid_reason, COUNT(*) AS facts
FROM v1_person AS one
WHERE one.grid_id IS NULL
GROUP BY one.grid_reason
UNION ALL
SELECT 'house' AS kind, one.grid_reason, COUNT(*) AS facts
FROM v1_house AS one
WHERE one.grid_id IS NULL
GROUP BY one.grid_reason
UNION ALL
SELECT 'premises' AS kind, one.grid_reason, COUNT(*) AS facts
FROM v1_premises AS one
WHERE one.grid_id IS NULL
GROUP BY one.grid_reason
UNION ALL
SELECT 'organization' AS kind, one.grid_reason, COUNT(*) AS facts
FROM v1_organization AS one
WHERE one.grid_id IS NULL
GROUP BY one.grid_reason
UNION ALL
SELECT 'facility' AS kind, one.grid_reason, COUNT(*) AS facts
FROM v1_facility AS one
WHERE one.grid_id IS NULL
GROUP BY one.grid_reason
ORDER BY 1, 2
