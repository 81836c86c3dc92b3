-- What must hold of release inside the publish transaction: every query returns the rows that break it.

-- check: numbers_without_gap #fail
SELECT COUNT(*) AS releases
FROM release AS one
HAVING COALESCE(MAX(one.release), 0) <> COUNT(*)
