-- Do two tables of equal columns hold the same rows, each as often? Nulls are equal to nulls.
--   expected, actual

-- step: missing
SELECT * FROM expected
EXCEPT ALL
SELECT * FROM actual

-- step: extra
SELECT * FROM actual
EXCEPT ALL
SELECT * FROM expected

-- step: differing
SELECT
  (SELECT COUNT(*) FROM missing) AS missing,
  (SELECT COUNT(*) FROM extra) AS extra
