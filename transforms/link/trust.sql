-- Which numbered rows keep their number as evidence, and the group each stands in.
-- numbered as in collapse.sql; verdict(n, name, keeps): the name groups of disputed numbers;
-- shared(r, what, v): values that tell people apart (birth, phone, address), per record.

-- step: believed
SELECT numbered.r, numbered.n, numbered.name, COALESCE(verdict.keeps, 2) AS keeps
FROM numbered
LEFT JOIN verdict ON verdict.n = numbered.n AND verdict.name = numbered.name
WHERE numbered.contradicts = 0 AND COALESCE(verdict.keeps, 2) > 0

-- step: elsewhere
-- A name that agrees with the number's owner but differs from it (keeps = 1), while the very same name stands under
-- another number and shares a birth date, phone or address with this row: the row is the other person's (a brother's,
-- a twin's) and the number was borrowed.
SELECT DISTINCT slip.r
FROM believed AS slip
JOIN believed AS owner ON owner.name = slip.name AND owner.n <> slip.n AND owner.keeps = 2
JOIN shared AS mine ON mine.r = slip.r
JOIN shared AS other ON other.r = owner.r AND other.what = mine.what AND other.v = mine.v
WHERE slip.keeps = 1

-- step: trusted
SELECT believed.r, believed.n, MIN(believed.r) OVER (PARTITION BY believed.n) AS node
FROM believed
LEFT JOIN elsewhere ON elsewhere.r = believed.r
WHERE elsewhere.r IS NULL
