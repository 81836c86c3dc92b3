-- What differs between the release as it stands (before_row) and tonight's rows (now_row), equal columns in equal order.
-- EXCEPT counts two nulls as equal; keys are unique on both sides (a check of every published table).

-- step: closed
SELECT * FROM before_row
EXCEPT
SELECT * FROM now_row

-- step: opened
SELECT * FROM now_row
EXCEPT
SELECT * FROM before_row
