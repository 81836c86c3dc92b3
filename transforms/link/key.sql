-- Kinds with a certain key: every record is joined to the smallest record that says the same.
-- said(r, v): the key's code per record.

-- step: star
SELECT r, MIN(r) OVER (PARTITION BY v) AS first_r
FROM said

-- step: edges
SELECT first_r AS u, r AS v
FROM star
WHERE first_r < r
ORDER BY u, v
