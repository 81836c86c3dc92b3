-- Which identity every cluster keeps (design.md section 5.5). Records, clusters and identities are numbers.
-- standing(r, c): record r, a place among the sorted record ids, stands in cluster c.
-- home(r, e, since): live record r's home is identity e, set in that release.
-- identity(e, live, gone, age): live 1 or 0; gone: the release it last retired in, 0 while live; age: 0 the oldest.

-- step: vote
SELECT home.e, standing.c, COUNT(*) AS voices, MIN(home.since) AS since
FROM home
JOIN standing ON standing.r = home.r
GROUP BY home.e, standing.c

-- step: torn
SELECT e FROM vote GROUP BY e HAVING COUNT(*) > 1

-- step: eldest
-- Of an identity whose home records stand in several clusters: the earliest-homed of each, then the smallest.
SELECT vote.e, vote.c, MIN(home.r) AS r
FROM vote
JOIN torn ON torn.e = vote.e
JOIN home ON home.e = vote.e AND home.since = vote.since
JOIN standing ON standing.r = home.r AND standing.c = vote.c
GROUP BY vote.e, vote.c

-- step: ranked
SELECT
  vote.e, vote.c,
  ROW_NUMBER() OVER (PARTITION BY vote.e ORDER BY vote.voices DESC, vote.since ASC, eldest.r ASC) AS place
FROM vote
JOIN eldest ON eldest.e = vote.e AND eldest.c = vote.c

-- step: offer
SELECT e, c FROM ranked WHERE place = 1
UNION ALL
SELECT vote.e, vote.c FROM vote LEFT JOIN torn ON torn.e = vote.e WHERE torn.e IS NULL

-- step: chosen
-- A live identity before a retired one, of the retired the last to go (its people were here last), then the oldest.
SELECT
  offer.c, offer.e,
  ROW_NUMBER() OVER (
    PARTITION BY offer.c
    ORDER BY identity.live DESC, identity.gone DESC, identity.age ASC
  ) AS place,
  COUNT(*) OVER (PARTITION BY offer.c) AS offered
FROM offer
JOIN identity ON identity.e = offer.e

-- step: kept
SELECT c, e, place, offered
FROM chosen
ORDER BY c, place
