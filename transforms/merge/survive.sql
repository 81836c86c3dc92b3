-- Which record's word stands, per entity and property, by a written total order; only where no record that
-- speaks is trusted more than all others, or of those that are trusted most is the latest.
-- claim(e, p, r, v, trust, since, filled): record r of entity e says code v of property p; trust is its contract's for
-- p, since a day number, filled how many properties the record says.

-- step: agreed
SELECT e, p, r, trust, since, filled, COUNT(*) OVER (PARTITION BY e, p, v) AS voices
FROM claim

-- step: ranked
SELECT
  e, p, r,
  ROW_NUMBER() OVER (
    PARTITION BY e, p
    ORDER BY trust DESC, since DESC, voices DESC, filled DESC, r ASC
  ) AS place
FROM agreed

-- step: survivor
SELECT e, p, r
FROM ranked
WHERE place = 1
ORDER BY e, p
