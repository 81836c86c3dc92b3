-- Which record's word stands, per entity and property, by a written total order.
-- said(r, p, v, trust): record r says code v of property p; trust is its contract's for p.
-- standing(r, e, since, filled): record r stands in entity e; since: day number; filled: how many properties it says.

-- step: claim
SELECT standing.e, said.p, said.r, said.v, said.trust, standing.since, standing.filled
FROM said
JOIN standing ON standing.r = said.r

-- step: agreed
SELECT e, p, v, COUNT(*) AS voices
FROM claim
GROUP BY e, p, v

-- step: ranked
SELECT
  claim.e, claim.p, claim.r,
  ROW_NUMBER() OVER (
    PARTITION BY claim.e, claim.p
    ORDER BY claim.trust DESC, claim.since DESC, agreed.voices DESC, claim.filled DESC, claim.r ASC
  ) AS place
FROM claim
JOIN agreed ON agreed.e = claim.e AND agreed.p = claim.p AND agreed.v = claim.v

-- step: survivor
SELECT e, p, r
FROM ranked
WHERE place = 1
ORDER BY e, p
