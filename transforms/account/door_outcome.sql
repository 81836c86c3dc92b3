-- Every landed row has exactly one state for every kind its source feeds.
--   landed_row (source, batch, ordinal), feed (source, kind), outcome

-- step: due
SELECT r.source, r.batch, r.ordinal, f.kind FROM landed_row AS r INNER JOIN feed AS f ON r.source = f.source

-- step: told
SELECT source, batch, ordinal, kind FROM outcome

-- step: broken
SELECT 'landed rows without an outcome' AS what, d.source, d.batch, d.kind
FROM (SELECT * FROM due EXCEPT ALL SELECT * FROM told) AS d
UNION ALL
SELECT 'outcomes told twice, or of rows that were not landed' AS what, d.source, d.batch, d.kind
FROM (SELECT * FROM told EXCEPT ALL SELECT * FROM due) AS d

-- step: door
SELECT what, source, COUNT(*) AS n, MIN(kind) AS example FROM broken GROUP BY what, source ORDER BY what, source
