-- Of several rows of the vault that say one thing of one entity, the one that is published.
-- sealed(i, e, r, what, token): row i of the vault belongs to record r of entity e.

-- step: ranked
SELECT i, e, what, token, ROW_NUMBER() OVER (PARTITION BY e, what, token ORDER BY r ASC, i ASC) AS place
FROM sealed

-- step: published
SELECT i
FROM ranked
WHERE place = 1
ORDER BY e, what, token
