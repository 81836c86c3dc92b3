-- What must hold of std_division inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.code
FROM std_division AS one
WHERE one.known_to <= one.known_from

-- check: parent_code_resolves #warn
SELECT one.code
FROM std_division AS one
LEFT JOIN std_division AS other ON other.code = one.parent_code AND other.known_to IS NULL
WHERE one.parent_code IS NOT NULL AND other.code IS NULL AND one.known_to IS NULL

-- check: code_has_twelve_digits #fail
SELECT one.code
FROM std_division AS one
WHERE LENGTH(one.code) <> 12 AND one.known_to IS NULL
