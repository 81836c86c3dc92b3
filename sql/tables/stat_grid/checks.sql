-- What must hold of stat_grid inside the publish transaction: every query returns the rows that break it.

-- check: grid_id_resolves #fail
SELECT one.cut, one.grid_id
FROM stat_grid AS one
LEFT JOIN std_grid AS other ON other.grid_id = one.grid_id AND other.known_to IS NULL
WHERE one.grid_id IS NOT NULL AND other.grid_id IS NULL

-- check: small_counts_are_hidden #fail
SELECT one.cut, one.grid_id
FROM stat_grid AS one
WHERE
  one.persons < 5 OR one.households < 5 OR one.houses < 5
  OR one.premises < 5 OR one.organizations < 5 OR one.facilities < 5
