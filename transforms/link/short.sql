-- Addresses that leave out the head of their path: which fuller nodes end as they do, in a division they name?
--   node (path, village): distinct paths that stand in a village
--   short (path, code, tail): paths that do not, a row for each division they leave open; tail: all behind it
--   above (village, code): every division a village lies in
-- fuller is the one path that fits, null where several do; paths that none fits are not told.

-- step: tail
SELECT path, village, SUBSTR(path, STRPOS(path, '|') + 1) AS tail FROM node
UNION ALL
SELECT path, village, SUBSTR(path, STRPOS(path, '|estate:') + 1) AS tail
FROM node
WHERE STRPOS(path, '|estate:') > STRPOS(path, '|')

-- step: roadless
-- In its village, an estate's block without the road and door that another names.
SELECT n.path, CASE WHEN MIN(t.path) = MAX(t.path) THEN MIN(t.path) END AS fuller
FROM node AS n
INNER JOIN tail AS t ON n.village = t.village AND SUBSTR(n.path, STRPOS(n.path, '|') + 1) = t.tail
WHERE STRPOS(n.path, '|estate:') = STRPOS(n.path, '|') AND n.path <> t.path
GROUP BY n.path

-- step: whole
SELECT t.tail, t.village, COALESCE(r.fuller, t.path) AS path
FROM tail AS t
LEFT JOIN roadless AS r ON t.path = r.path
WHERE t.tail IN (SELECT tail FROM short)

-- step: within
SELECT w.tail, a.code, MIN(w.path) AS least, MAX(w.path) AS most
FROM whole AS w
INNER JOIN above AS a ON w.village = a.village
GROUP BY w.tail, a.code

-- step: found
SELECT s.path, CASE WHEN MIN(w.least) = MAX(w.most) THEN MIN(w.least) END AS fuller
FROM short AS s
INNER JOIN within AS w ON s.tail = w.tail AND s.code = w.code
GROUP BY s.path
UNION ALL
SELECT path, fuller FROM roadless
