-- Which numbered rows stand under a number that is another's.
-- believed(r, n, name, keeps): rows that kept their number, of the names that slipped under some number;
-- keeps as verdict: 2 the owner's own name, 1 agrees with it.
-- shared(r, what, v): values that tell people apart (birth, phone, address), of these rows.

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
