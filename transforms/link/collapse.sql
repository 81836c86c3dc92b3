-- Rows that share a decisive number, and whose names agree, are one group before anything is scored.
-- numbered(n, name, authority, contradicts): rows of a valid number under which several names stand.

-- step: variant
SELECT n, name, COUNT(*) AS rows_said, MAX(authority) AS by_authority
FROM numbered
WHERE contradicts = 0
GROUP BY n, name

-- step: disputed
SELECT variant.n, variant.name, variant.rows_said, variant.by_authority
FROM variant
JOIN (SELECT n FROM variant GROUP BY n HAVING COUNT(*) > 1) AS several ON several.n = variant.n
ORDER BY variant.n, variant.name
